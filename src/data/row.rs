//! Writing comma-separated values.

/// Formats a line of comma-separated values, with its line break. Adds quotation marks to cells that need them (RFC
/// 4180).
pub(crate) fn csv_row<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let mut row = String::new();
    for (column, cell) in cells.into_iter().enumerate() {
        if column > 0 {
            row.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            row.extend(["\"", &cell.replace('"', "\"\""), "\""]);
        } else {
            row.push_str(cell);
        }
    }
    row.push('\n');
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_with_a_comma_a_quotation_mark_or_a_line_break_is_quoted() {
        let cells = ["1", "", "Linear<2, 3>", "a \"b\"", "two\nlines", "spaces stay "];
        let row = "1,,\"Linear<2, 3>\",\"a \"\"b\"\"\",\"two\nlines\",spaces stay \n";
        assert_eq!(csv_row(cells), row);
    }
}
