//! Texts in letters that every mail server carries.

/// Bytes of an encoded word's content: 75 less `=?UTF-8?B?` and `?=` (RFC 2047, 2), in base64 three bytes for four letters.
const WORD_BYTES_MAX: usize = 45;
/// Letters of a line of quoted-printable, without the `=` that continues it (RFC 2045, 6.7).
const LINE_LETTERS_MAX: usize = 75;

/// A text as it may stand in a header: as it is when it is plain and short, else as encoded words. Control characters
/// become spaces, so that no header begins in it.
pub(crate) fn header_text(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    let clean = clean.trim();
    let is_plain = clean.is_ascii() && clean.len() <= 60 && !clean.contains("=?");
    if is_plain {
        return clean.to_owned();
    }
    let mut words = Vec::new();
    let mut word = String::new();
    for letter in clean.chars() {
        if word.len() + letter.len_utf8() > WORD_BYTES_MAX {
            words.push(encoded_word(&word));
            word.clear();
        }
        word.push(letter);
    }
    words.push(encoded_word(&word));
    words.join("\r\n ")
}

fn encoded_word(text: &str) -> String {
    format!(
        "=?UTF-8?B?{}?=",
        data_encoding::BASE64.encode(text.as_bytes())
    )
}

/// A name before an address: quoted, or as encoded words.
pub(crate) fn phrase(name: &str) -> String {
    let text = header_text(name);
    if text.starts_with("=?") {
        return text;
    }
    let escaped: String = text
        .chars()
        .flat_map(|letter| {
            let escape = (letter == '"' || letter == '\\').then_some('\\');
            escape.into_iter().chain([letter])
        })
        .collect();
    format!("\"{escaped}\"")
}

/// A text as quoted-printable with line ends as on the wire.
pub(crate) fn quoted_printable(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + text.len() / 8);
    for line in text.lines() {
        write_line(line, &mut written);
        written.push_str("\r\n");
    }
    written
}

fn write_line(line: &str, written: &mut String) {
    let bytes = line.as_bytes();
    let mut column = 0;
    for (place, byte) in bytes.iter().enumerate() {
        let is_last = place + 1 == bytes.len();
        let is_plain = match byte {
            b'=' => false,
            b' ' => !is_last,
            33..=126 => true,
            _ => false,
        };
        let width = if is_plain { 1 } else { 3 };
        if column + width > LINE_LETTERS_MAX {
            written.push_str("=\r\n");
            column = 0;
        }
        if is_plain {
            written.push(char::from(*byte));
        } else {
            written.push_str(&format!("={byte:02X}"));
        }
        column += width;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn decoded(text: &str) -> String {
        let joined = text.replace("=\r\n", "");
        let mut bytes = Vec::new();
        let mut rest = joined.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            if *first == b'=' {
                let (hex, after) = after.split_at(2);
                bytes.push(u8::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap());
                rest = after;
            } else {
                bytes.push(*first);
                rest = after;
            }
        }
        String::from_utf8(bytes).unwrap()
    }

    proptest! {
        #[test]
        fn any_text_comes_back_and_every_line_is_short(lines in prop::collection::vec("[^\\r\\n]{0,120}", 0..6)) {
            let written = quoted_printable(&lines.join("\n"));
            prop_assert!(written.split("\r\n").all(|line| line.len() <= 76 && line.is_ascii()));
            let back = decoded(&written);
            let back: Vec<&str> = back.lines().collect();
            let text = lines.join("\n");
            let lines: Vec<&str> = text.lines().collect();
            prop_assert_eq!(back, lines);
        }

        #[test]
        fn no_text_of_a_header_begins_another(text in "(?s).{0,200}") {
            for line in phrase(&text).split("\r\n ") {
                prop_assert!(!line.contains(['\r', '\n']), "{line:?}");
                prop_assert!(line.len() <= 140);
            }
            for word in header_text(&text).split("\r\n ") {
                prop_assert!(word.len() <= 75, "{word}");
            }
        }
    }

    #[test]
    fn texts_are_written_as_the_standards_show() {
        assert_eq!(header_text("Keith Moore"), "Keith Moore");
        assert_eq!(header_text("ü"), "=?UTF-8?B?w7w=?=");
        assert_eq!(header_text("a\r\nBcc: eve@x"), "a  Bcc: eve@x");
        assert_eq!(phrase("A \"B\""), "\"A \\\"B\\\"\"");
        assert_eq!(quoted_printable("1=1 \nä"), "1=3D1=20\r\n=C3=A4\r\n");
    }
}
