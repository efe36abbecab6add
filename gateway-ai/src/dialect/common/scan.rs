/// Tells when a JSON object that comes in pieces is complete.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scan {
    depth: u32,
    in_string: bool,
    escaped: bool,
    closed: bool,
}

impl Scan {
    /// Takes the next piece.
    pub(crate) fn push(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                _ if self.in_string => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.closed |= self.depth == 0;
                }
                _ => {}
            }
        }
    }

    /// Whether the outermost brace has closed.
    pub(crate) fn is_complete(&self) -> bool {
        self.closed && self.depth == 0 && !self.in_string
    }
}

#[cfg(test)]
mod tests {
    use super::Scan;

    #[test]
    fn complete_when_the_outer_brace_closes() {
        let complete = |pieces: &[&str]| {
            let mut scan = Scan::default();
            pieces.iter().for_each(|piece| scan.push(piece));
            scan.is_complete()
        };
        assert!(complete(&["{}"]));
        assert!(complete(&[r#"{"a":"}\"#, r#""{","b":[{}]"#, "}"]));
        assert!(!complete(&[r#"{"a":"}"#]));
        assert!(!complete(&[""]));
        assert!(!complete(&["  "]));
    }
}
