//! Tokenizers, files of tokens, and windows of them.

use std::fs;
use std::path::{Path, PathBuf};

use chainrule::Error;
use chainrule::data::{DataError, Loader, Source, stream};
use chainrule::prelude::*;
use chainrule::text::{Bpe, Bytes, Characters, TextError, TextWindows, TokenType, Tokenizer, tokenize_file};

fn indices<const VOCAB: usize>(tokens: &[Token<VOCAB>]) -> Vec<usize> {
    tokens.iter().map(|token| token.index()).collect()
}

/// What is wrong with a text.
fn wrong<T>(result: Result<T, DataError>, file: &Path) -> TextError {
    match result.err().expect("an error") {
        DataError::Text { path, source } => {
            assert_eq!(path, file);
            source
        }
        error => panic!("{error}"),
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

#[test]
fn characters_are_sorted_and_each_is_a_token() {
    let characters = Characters::<5>::of("wörld, w").unwrap_err();
    let (found, listed) = (7, " ,dlrwö".into());
    assert_eq!(characters, TextError::TooManyCharacters { found, vocab: 5, characters: listed });
    assert!(characters.to_string().contains("7 different") && characters.to_string().contains("` ,dlrwö`"));

    let characters = Characters::<9>::of("wörld, w").unwrap(); // two tokens have no character
    assert_eq!(characters.characters(), [' ', ',', 'd', 'l', 'r', 'w', 'ö']);
    assert_eq!(indices(&characters.encode("dröw").unwrap()), [2, 4, 6, 5]);
    assert_eq!(characters.decode(&characters.encode("dröw").unwrap()).unwrap(), "dröw");
    let unused = [Token::of::<2>(), Token::of::<7>()];
    assert_eq!(characters.decode(&unused).unwrap(), "d\u{FFFD}");
    let error = characters.encode("d\nör").unwrap_err();
    assert_eq!(error, TextError::UnknownCharacter { character: '\n', byte: 1, line: 1 });
    let error = Characters::<9>::of("ab\n").unwrap().encode("a\n\nbac").unwrap_err();
    assert_eq!(error, TextError::UnknownCharacter { character: 'c', byte: 5, line: 3 });
    assert_eq!(Characters::<9>::of("").unwrap_err(), TextError::Empty);
}

#[test]
fn unknown_characters_can_have_a_token() {
    let characters = Characters::<3>::of("ab").unwrap().with_unknown().unwrap();
    assert_eq!(indices(&characters.encode("abc!").unwrap()), [0, 1, 2, 2]);
    let error = Characters::<2>::of("ab").unwrap().with_unknown().unwrap_err();
    assert!(matches!(error, TextError::TooManyCharacters { found: 3, vocab: 2, .. }), "{error}");
}

#[test]
fn bytes_are_every_text_and_half_a_character_is_replaced() {
    let text = "né\n\u{1F600}\0";
    let tokens = Bytes.encode(text).unwrap();
    assert_eq!(indices(&tokens), text.bytes().map(usize::from).collect::<Vec<_>>());
    assert_eq!(Bytes.decode(&tokens).unwrap(), text);
    assert_eq!(Bytes.decode(&tokens[..2]).unwrap(), "n\u{FFFD}");
}

/// The merges are done by hand: "l o", then "lo w".
#[test]
fn the_two_files_of_gpt_2_give_its_merges() {
    let folder = Folder::new();
    let vocab = r#"{"l":0,"o":1,"w":2,"lo":3,"low":4,"Ġ":5,"Ġl":6,"<|endoftext|>":7}"#;
    let vocab = folder.file("vocab.json", vocab);
    let merges = folder.file("merges.txt", "#version: 0.2\nl o\nlo w\nĠ l\n");
    let bpe = Bpe::<8>::from_gpt2(&vocab, &merges).unwrap();
    // The first merge comes first: " lo" is " ", "lo", and not " l", "o".
    assert_eq!(indices(&bpe.encode("lowlo lol ll").unwrap()), [4, 3, 5, 3, 0, 6, 0]);
    assert_eq!(bpe.decode(&bpe.encode("lowlo lol ll").unwrap()).unwrap(), "lowlo lol ll");
    assert_eq!(bpe.token("<|endoftext|>").map(Token::index), Some(7));
    assert_eq!((bpe.tokens(), bpe.token("x")), (8, None));

    let few = Bpe::<7>::from_gpt2(&vocab, &merges);
    assert_eq!(wrong(few, &vocab), TextError::Vocabulary { found: 8, vocab: 7 });
    let broken = folder.file("broken.txt", "#version: 0.2\nl x\n");
    assert!(matches!(wrong(Bpe::<8>::from_gpt2(&vocab, &broken), &vocab), TextError::Tokenizer { .. }));
    let missing = Bpe::<8>::from_gpt2(&vocab, folder.0.path().join("none")).unwrap_err();
    assert!(matches!(missing, DataError::Io { path, .. } if path.ends_with("none")));
}

#[test]
fn a_trained_tokenizer_is_the_same_after_it_is_saved() {
    let folder = Folder::new();
    let text = "the cat sat on the mat, and the rat sat on the hat\n".repeat(3);
    let bpe = Bpe::<270>::train(&text).unwrap();
    assert_eq!(bpe.tokens(), 270);
    let tokens = bpe.encode(&text).unwrap();
    assert!(tokens.len() * 3 < text.len() * 2, "{} tokens for {} bytes", tokens.len(), text.len());
    assert_eq!(bpe.decode(&tokens).unwrap(), text);
    assert_eq!(indices(&Bpe::<270>::train(&text).unwrap().encode(&text).unwrap()), indices(&tokens));

    let file = folder.0.path().join("tokenizer.json");
    bpe.save(&file).unwrap();
    assert_eq!(Bpe::<270>::from_file(&file).unwrap().encode(&text).unwrap(), tokens);
    assert_eq!(wrong(Bpe::<269>::from_file(&file), &file), TextError::Vocabulary { found: 270, vocab: 269 });
    let of_file = Bpe::<270>::train_file(folder.file("text.txt", &text)).unwrap();
    assert_eq!(of_file.encode(&text).unwrap(), tokens);

    assert_eq!(Bpe::<255>::train(&text).unwrap_err(), TextError::Vocabulary { found: 256, vocab: 255 });
    assert_eq!(Bpe::<300>::train("").unwrap_err(), TextError::Empty);
    let broken = folder.file("broken.json", "{}");
    assert!(matches!(wrong(Bpe::<270>::from_file(&broken), &broken), TextError::Tokenizer { .. }));
}

#[test]
fn a_text_that_is_read_in_pieces_has_the_tokens_of_the_whole() {
    let folder = Folder::new();
    let text: String = (0..100_000).map(|at| format!("line {at} is é\n{}", "\n".repeat(at % 3))).collect();
    assert!(text.len() > 1 << 20, "{}", text.len());
    let file = folder.file("text.txt", &text);

    let characters = Characters::<64>::of_file(&file).unwrap();
    assert_eq!(characters, Characters::of(&text).unwrap());
    let tokens = folder.0.path().join("tokens");
    let count = tokenize_file(&file, &characters, &tokens).unwrap();
    assert_eq!(count, text.chars().count() as u64);
    let whole = indices(&characters.encode(&text).unwrap());
    assert_eq!(fs::read(&tokens).unwrap(), whole.iter().map(|&index| index as u8).collect::<Vec<_>>());

    let text = &text[..2000];
    let (file, bpe) = (folder.file("short.txt", text), Bpe::<300>::train(text).unwrap());
    let count = tokenize_file(&file, &bpe, &tokens).unwrap();
    let whole = indices(&bpe.encode(text).unwrap());
    assert_eq!(count, whole.len() as u64);
    let bytes: Vec<u8> = whole.iter().flat_map(|&index| (index as u16).to_le_bytes()).collect();
    assert!(fs::read(&tokens).unwrap() == bytes);
    assert_eq!([255, 256, 257, 65536, 65537].map(|vocab| TokenType::of(vocab).size()), [1, 1, 2, 2, 4]);
}

#[test]
fn an_invalid_text_is_an_error_with_the_place_and_leaves_the_old_tokens() {
    let folder = Folder::new();
    let tokens = folder.file("tokens", [7; 9]);
    let characters = Characters::<4>::of("ab\n").unwrap();
    let fails = |bytes: &[u8]| {
        let file = folder.file("text.txt", bytes);
        let error = wrong(tokenize_file(&file, &characters, &tokens), &file);
        assert_eq!(fs::read(&tokens).unwrap(), [7; 9]);
        error
    };
    let lines = "ab\n".repeat(500_000); // more than a piece
    let after = |end: &[u8]| [lines.as_bytes(), end].concat();
    assert_eq!(fails(b""), TextError::Empty);
    let place = (1_500_002, 500_001);
    let unknown = TextError::UnknownCharacter { character: 'ü', byte: place.0, line: place.1 };
    assert_eq!(fails(&after("abüa\n".as_bytes())), unknown);
    assert_eq!(fails(&after(b"ab\xffa\n")), TextError::InvalidUtf8 { byte: place.0 });
    assert_eq!(fails(&after(b"ab\xc3")), TextError::InvalidUtf8 { byte: place.0 }); // half a character
    assert_eq!(fails(b"\xc3"), TextError::InvalidUtf8 { byte: 0 });

    let one = folder.file("one.txt", "ab");
    let error = tokenize_file(&one, &characters, &one).unwrap_err();
    assert!(error.to_string().contains("would replace the text"), "{error}");
    assert_eq!(fs::read(&one).unwrap(), b"ab");
    assert!(matches!(tokenize_file("/none", &characters, &tokens), Err(DataError::Io { .. })));
    assert!(matches!(Characters::<4>::of_file("/none"), Err(DataError::Io { .. })));
}

#[test]
fn a_window_has_the_next_tokens_as_targets_whatever_their_type() {
    let folder = Folder::new();
    let index = |at: u32| at * at % 251;
    for (of, size) in [(TokenType::U8, 1), (TokenType::U16, 2), (TokenType::U32, 4)] {
        let bytes: Vec<u8> = (0..100).flat_map(|at| index(at).to_le_bytes()[..size].to_vec()).collect();
        let file = folder.file("tokens", bytes);
        for stride in [1, 3, 7, 100] {
            let windows = TextWindows::<7, 251>::open(&file, of).unwrap().stride(stride).unwrap();
            let starts: Vec<usize> = (0..100).step_by(stride).filter(|start| start + 7 < 100).collect();
            assert_eq!(windows.len(), starts.len());
            let (inputs, targets) = windows.to_dataset(1000).unwrap().into_parts();
            for ((input, target), start) in inputs.iter().zip(&targets).zip(&starts) {
                for step in 0..7 {
                    let token = |at: usize| index(at as u32) as usize;
                    assert_eq!(input[step].index(), token(start + step));
                    assert_eq!(target[step].index(), token(start + step + 1));
                }
            }
            let mut batches = stream::batches(windows.iter(), 4).unwrap();
            let mut streamed = vec![];
            while let Some((inputs, _)) = batches.next().unwrap() {
                streamed.extend_from_slice(inputs);
            }
            assert_eq!(streamed, inputs);
        }
    }
    let windows = TextWindows::<7, 251>::open(folder.0.path().join("tokens"), TokenType::U32).unwrap();
    assert_eq!(
        format!("{windows:?}").split(" in ").next(),
        Some("TextWindows<7, 251> of 14 windows of 100 tokens")
    );
    let some = windows.to_dataset(3).unwrap(); // of 14: windows 0, 4 and 9
    assert_eq!(some.inputs().iter().map(|x| x[0].index() as u32).collect::<Vec<_>>(), [0, 28, 63].map(index));
    assert!(matches!(windows.to_dataset(0), Err(DataError::Empty)));
}

#[test]
fn the_parts_of_a_split_share_no_token() {
    let folder = Folder::new();
    let file = folder.file("tokens", (0..100).collect::<Vec<u8>>());
    let open = || TextWindows::<4, 100>::open(&file, TokenType::U8).unwrap().stride(1).unwrap();
    let (first, rest) = open().split(0.7).unwrap();
    let last = |windows: &TextWindows<4, 100>| {
        let data = windows.to_dataset(1000).unwrap();
        (data.inputs()[0][0].index(), data.targets()[data.len() - 1][3].index())
    };
    assert_eq!((last(&first), last(&rest)), ((0, 69), (70, 99)));
    let (middle, end) = rest.split(0.5).unwrap(); // of 30
    assert_eq!((last(&middle), last(&end)), ((70, 84), (85, 99)));
    assert_eq!(wrong(open().split(0.96), &file), TextError::TooShort { tokens: 4, needed: 5 });
    assert_eq!(wrong(open().split(0.001), &file), TextError::TooShort { tokens: 0, needed: 5 });
    for share in [0.0, 1.0, -1.0, f64::NAN] {
        assert!(matches!(open().split(share), Err(DataError::Invalid(Error::Setting { .. }))));
    }
    assert!(matches!(open().stride(0), Err(Error::Setting { .. })));
}

#[test]
fn a_file_that_has_no_window_or_is_of_another_type_is_an_error() {
    let folder = Folder::new();
    let open = |bytes: &[u8], of| {
        let file = folder.file("tokens", bytes);
        TextWindows::<4, 10>::open(&file, of).map_err(|error| wrong::<()>(Err(error), &file))
    };
    assert_eq!(open(&[], TokenType::U8).unwrap_err(), TextError::Empty);
    assert_eq!(open(&[1; 4], TokenType::U8).unwrap_err(), TextError::TooShort { tokens: 4, needed: 5 });
    assert_eq!(open(&[1; 5], TokenType::U8).unwrap().len(), 1);
    assert_eq!(open(&[1; 11], TokenType::U16).unwrap_err(), TextError::PartOfToken { bytes: 11, size: 2 });
    let missing = TextWindows::<4, 10>::open("/none", TokenType::U8).unwrap_err();
    assert!(matches!(missing, DataError::Io { .. }));
}

#[test]
fn a_token_past_the_vocabulary_is_an_error_with_its_place() {
    let folder = Folder::new();
    let mut bytes = vec![3; 100];
    bytes[66] = 10;
    let file = folder.file("tokens", bytes);
    let windows = TextWindows::<4, 10>::open(&file, TokenType::U8).unwrap();
    let past = TextError::PastVocabulary { place: 66, index: 10, vocab: 10 };
    assert_eq!(wrong(windows.check(), &file), past);
    assert_eq!(wrong(windows.to_dataset(1000), &file), past);
    let (first, rest) = windows.clone().split(0.5).unwrap();
    first.check().unwrap();
    assert_eq!(wrong(rest.check(), &file), past);
    let (mut inputs, mut targets) = (vec![], vec![]);
    windows.read(&[15, 17], &mut inputs, &mut targets).unwrap(); // the windows before and after it
    assert_eq!(wrong(windows.read(&[16], &mut inputs, &mut targets), &file), past);
    windows.read(&[15], &mut inputs, &mut targets).unwrap(); // it can be used after an error
    let error = windows.read(&[24], &mut inputs, &mut targets);
    assert!(matches!(error, Err(DataError::Index { index: 24, samples: 24 })));
}

#[test]
fn a_file_that_changes_while_it_is_read_is_an_error() {
    let folder = Folder::new();
    for (name, change) in [
        ("shorter", &(|file: &fs::File| file.set_len(60).unwrap()) as &dyn Fn(&fs::File)),
        ("longer", &|file| file.set_len(200).unwrap()),
        ("written", &|file| {
            let time = file.metadata().unwrap().modified().unwrap();
            file.set_modified(time + std::time::Duration::from_secs(1)).unwrap();
        }),
    ] {
        let file = folder.file("tokens", [3; 100]);
        let windows = TextWindows::<4, 10>::open(&file, TokenType::U8).unwrap();
        let mut loader = Loader::new(&windows, 2).unwrap();
        let mut rng = rng(1);
        assert!(loader.next(&mut rng).unwrap().is_some());
        change(&fs::File::options().write(true).open(&file).unwrap());
        let now = fs::metadata(&file).unwrap().len();
        assert_eq!(wrong(loader.next(&mut rng), &file), TextError::Changed { before: 100, now }, "{name}");
    }
}
