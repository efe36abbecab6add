/// Columns under headings, as wide as what is in them.
pub(super) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .chain([headings[column].len()])
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut out = String::new();
    line(&mut out, &headings, &widths);
    for row in rows {
        line(&mut out, &row.each_ref().map(String::as_str), &widths);
    }
    out
}

fn line(out: &mut String, cells: &[&str], widths: &[usize]) {
    let mut text = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        text.push_str(&format!("{cell:<width$}  "));
    }
    out.push_str(text.trim_end());
    out.push('\n');
}
