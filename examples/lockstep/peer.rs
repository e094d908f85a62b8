//! The other process, and the pipes to it.

use std::io::{BufRead, BufReader, Write, stdin, stdout};
use std::process::{Child, Command, Stdio};

use crate::Error;

/// The other process.
pub(crate) struct Other {
    input: Box<dyn BufRead>,
    output: Box<dyn Write>,
}

impl Other {
    /// Starts a peer: this program, run by the words of `command` if there are any.
    pub(crate) fn start(command: &str, disturbed: Option<usize>) -> Result<(Child, Self), Error> {
        let own = std::env::current_exe()?.display().to_string();
        let mut words: Vec<&str> = command.split_whitespace().chain([&own[..], "--peer"]).collect();
        let step = disturbed.map(|step| step.to_string());
        words.extend(step.iter().flat_map(|step| ["--disturb", step]));
        let mut peer = Command::new(words[0])
            .args(&words[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("`{}` does not start: {error}", words[0]))?;
        let (output, input) = peer.stdin.take().zip(peer.stdout.take()).ok_or("the peer has no pipes")?;
        Ok((peer, Self { input: Box::new(BufReader::new(input)), output: Box::new(output) }))
    }

    /// Returns the process that has started this one.
    pub(crate) fn parent() -> Self {
        Self { input: Box::new(BufReader::new(stdin())), output: Box::new(stdout()) }
    }

    /// Sends a line to the other process, and compares it with the line that the other process sends.
    pub(crate) fn compare(&mut self, own: &str) -> Result<(), Error> {
        let ended = "the other process has ended";
        writeln!(self.output, "{own}")
            .and_then(|()| self.output.flush())
            .map_err(|error| format!("{ended}: {error}"))?;
        let mut theirs = String::new();
        if self.input.read_line(&mut theirs)? == 0 {
            return Err(ended.into());
        }
        if theirs.trim_end() == own {
            return Ok(());
        }
        Err(format!("the processes differ: {own} here, and {} there", theirs.trim_end()).into())
    }
}
