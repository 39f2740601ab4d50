//! Translates GBNF, llama.cpp's grammar notation (`grammars/README.md` of its sources), to
//! llguidance's Lark notation.
//!
//! Every character becomes a lexeme of its own: GBNF has no lexer, and longer lexemes would
//! match greedily and so forbid texts that the grammar allows.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Deepest nesting of parentheses.
const DEPTH_MAX: usize = 64;
/// Most repetitions of one item, as in llama.cpp.
const REPETITIONS_MAX: u32 = 2_000;

/// Translates a grammar whose first rule is `root`.
///
/// # Errors
/// A reason that names the place.
pub(super) fn to_lark(grammar: &str) -> Result<String, String> {
    let mut parser = Parser {
        rest: grammar,
        line: 1,
        names: BTreeMap::new(),
        depth: 0,
    };
    let mut rules: BTreeMap<usize, String> = BTreeMap::new();
    parser.skip_space(true);
    while !parser.rest.is_empty() {
        let name = parser.name()?;
        let number = parser.number_of(&name);
        parser.skip_space(false);
        parser.expect("::=")?;
        parser.skip_space(true);
        let body = parser.alternatives(false)?;
        if rules.insert(number, body).is_some() {
            return Err(format!("rule {name:?} is there twice"));
        }
        parser.end_of_rule()?;
    }
    let missing = parser
        .names
        .iter()
        .find(|(_, number)| !rules.contains_key(number));
    if let Some((name, _)) = missing {
        return Err(format!("rule {name:?} is used but not there"));
    }
    let Some(root) = parser.names.get("root") else {
        return Err("it has no rule \"root\"".to_owned());
    };
    let mut lark = format!("start: r{root}\n");
    for (number, body) in &rules {
        // Writing to a string cannot fail.
        let _ = writeln!(lark, "r{number}: {body}");
    }
    Ok(lark)
}

struct Parser<'text> {
    rest: &'text str,
    line: usize,
    names: BTreeMap<String, usize>,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.rest = self.rest.get(character.len_utf8()..).unwrap_or_default();
        if character == '\n' {
            self.line += 1;
        }
        Some(character)
    }

    fn eat(&mut self, character: char) -> bool {
        let found = self.peek() == Some(character);
        if found {
            self.next();
        }
        found
    }

    fn error<T>(&self, expected: &str) -> Result<T, String> {
        let place: String = self.rest.chars().take(20).collect();
        Err(format!(
            "line {}: expected {expected} at {place:?}",
            self.line
        ))
    }

    fn expect(&mut self, text: &str) -> Result<(), String> {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => self.error(&format!("{text:?}")),
        }
    }

    fn skip_space(&mut self, newlines: bool) {
        while let Some(character) = self.peek() {
            match character {
                ' ' | '\t' => {}
                '\r' | '\n' if newlines => {}
                '#' => {
                    while self.peek().is_some_and(|next| next != '\n' && next != '\r') {
                        self.next();
                    }
                    continue;
                }
                _ => return,
            }
            self.next();
        }
    }

    fn end_of_rule(&mut self) -> Result<(), String> {
        if !self.rest.is_empty() && !self.rest.starts_with(['\r', '\n']) {
            return self.error("a new line");
        }
        self.skip_space(true);
        Ok(())
    }

    fn name(&mut self) -> Result<String, String> {
        let is_word = |character: char| character.is_ascii_alphanumeric() || character == '-';
        let length = self
            .rest
            .find(|next| !is_word(next))
            .unwrap_or(self.rest.len());
        if length == 0 {
            return self.error("the name of a rule");
        }
        let (name, rest) = self.rest.split_at(length);
        self.rest = rest;
        Ok(name.to_owned())
    }

    fn number_of(&mut self, name: &str) -> usize {
        let next = self.names.len();
        *self.names.entry(name.to_owned()).or_insert(next)
    }

    fn alternatives(&mut self, nested: bool) -> Result<String, String> {
        let mut text = self.sequence(nested)?;
        while self.eat('|') {
            self.skip_space(true);
            text.push_str(" | ");
            text.push_str(&self.sequence(nested)?);
        }
        Ok(text)
    }

    fn sequence(&mut self, nested: bool) -> Result<String, String> {
        let mut items: Vec<String> = Vec::new();
        while let Some(character) = self.peek() {
            let item = match character {
                '"' => self.literal()?,
                '[' => self.class()?,
                '.' => {
                    self.next();
                    "/(?s:.)/".to_owned()
                }
                '(' => self.group()?,
                '<' | '!' => return self.error("no token (tokens are not supported here)"),
                '*' | '+' | '?' | '{' => return self.error("something to repeat"),
                other if other.is_ascii_alphanumeric() || other == '-' => {
                    let name = self.name()?;
                    format!("r{}", self.number_of(&name))
                }
                _ => break,
            };
            self.skip_space(nested);
            let item = self.repetition(item, nested)?;
            items.push(item);
        }
        if items.is_empty() {
            // The empty text.
            return Ok("\"\"".to_owned());
        }
        Ok(items.join(" "))
    }

    fn group(&mut self) -> Result<String, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!(
                "parentheses are nested deeper than {DEPTH_MAX} levels"
            ));
        }
        self.next();
        self.skip_space(true);
        let inner = self.alternatives(true)?;
        if !self.eat(')') {
            return self.error("\")\"");
        }
        self.depth -= 1;
        Ok(format!("({inner})"))
    }

    fn repetition(&mut self, item: String, nested: bool) -> Result<String, String> {
        let mut item = item;
        loop {
            let suffix = match self.peek() {
                Some(sign @ ('*' | '+' | '?')) => {
                    self.next();
                    sign.to_string()
                }
                Some('{') => self.bounds()?,
                _ => return Ok(item),
            };
            self.skip_space(nested);
            item = format!("({item}){suffix}");
        }
    }

    fn bounds(&mut self) -> Result<String, String> {
        self.next();
        self.skip_space(true);
        let least = self.count()?;
        self.skip_space(true);
        if self.eat('}') {
            return Ok(format!("{{{least},{least}}}"));
        }
        if !self.eat(',') {
            return self.error("\",\"");
        }
        self.skip_space(true);
        let most = if self.peek().is_some_and(|next| next.is_ascii_digit()) {
            Some(self.count()?)
        } else {
            None
        };
        self.skip_space(true);
        if !self.eat('}') {
            return self.error("\"}\"");
        }
        match most {
            Some(most) if most < least => Err(format!("{least} to {most} repetitions are none")),
            Some(most) => Ok(format!("{{{least},{most}}}")),
            None => Ok(format!("{{{least},}}")),
        }
    }

    fn count(&mut self) -> Result<u32, String> {
        let length = self
            .rest
            .find(|next: char| !next.is_ascii_digit())
            .unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(length);
        match digits.parse() {
            Ok(count) if count <= REPETITIONS_MAX => {
                self.rest = rest;
                Ok(count)
            }
            _ => self.error(&format!("a number up to {REPETITIONS_MAX}")),
        }
    }

    fn literal(&mut self) -> Result<String, String> {
        self.next();
        let mut lexemes = Vec::new();
        while !self.eat('"') {
            let character = self.character()?;
            lexemes.push(format!("/{}/", escaped(character)));
        }
        if lexemes.is_empty() {
            return Ok("\"\"".to_owned());
        }
        Ok(format!("({})", lexemes.join(" ")))
    }

    fn class(&mut self) -> Result<String, String> {
        self.next();
        let negated = if self.eat('^') { "^" } else { "" };
        let mut members = String::new();
        while !self.eat(']') {
            let first = self.character()?;
            members.push_str(&escaped(first));
            if self.rest.starts_with('-') && !self.rest.starts_with("-]") {
                self.next();
                let last = self.character()?;
                if last < first {
                    return Err(format!("{first:?} to {last:?} is no range"));
                }
                members.push('-');
                members.push_str(&escaped(last));
            }
        }
        if members.is_empty() {
            return Err(format!(
                "line {}: a class of characters is empty",
                self.line
            ));
        }
        Ok(format!("/[{negated}{members}]/"))
    }

    fn character(&mut self) -> Result<char, String> {
        let Some(character) = self.next() else {
            return self.error("the end of a text or class");
        };
        if character != '\\' {
            return Ok(character);
        }
        let digits = match self.peek() {
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            Some(other) => {
                let meant = match other {
                    't' => '\t',
                    'r' => '\r',
                    'n' => '\n',
                    '\\' | '"' | '[' | ']' | '-' => other,
                    _ => return self.error("a known escape"),
                };
                self.next();
                return Ok(meant);
            }
            None => return self.error("an escape"),
        };
        self.next();
        let code = self.rest.get(..digits).unwrap_or_default();
        let found = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
        match found {
            Some(found) => {
                self.rest = self.rest.get(digits..).unwrap_or_default();
                Ok(found)
            }
            None => self.error("a character's number"),
        }
    }
}

/// A character in a regular expression.
fn escaped(character: char) -> String {
    if character.is_ascii_alphanumeric() || !character.is_ascii() {
        character.to_string()
    } else {
        format!("\\x{:02X}", u32::from(character))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rules_become_rules_and_characters_lexemes() {
        let lark = to_lark("root ::= \"a\\n\" item* # done\nitem ::= [0-9a-f]{2,3} | (root)?\n");
        assert_eq!(
            lark.unwrap(),
            "start: r0\nr0: (/a/ /\\x0A/) (r1)*\nr1: (/[0-9a-f]/){2,3} | ((r0))?\n"
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (grammar, reason) in [
            ("", "no rule \"root\""),
            ("root ::= item", "rule \"item\" is used but not there"),
            ("root ::= \"a", "the end of a text"),
            ("root ::= [a", "the end of a text"),
            ("root ::= [z-a]", "is no range"),
            ("root ::= []", "is empty"),
            ("root ::= (\"a\"", "\")\""),
            ("root ::= *", "something to repeat"),
            ("root ::= \"a\"{9999}", "a number up to 2000"),
            ("root ::= \"a\"{3,2}", "are none"),
            ("root ::= \"\\q\"", "a known escape"),
            ("root ::= \"\\uD800\"", "a character's number"),
            ("root ::= <|x|>", "tokens are not supported"),
            ("root = \"a\"", "\"::=\""),
            ("root ::= \"a\"\nroot ::= \"b\"", "is there twice"),
            ("root ::= \"a\" ;", "a new line"),
        ] {
            let error = to_lark(grammar).unwrap_err();
            assert!(error.contains(reason), "{grammar:?}: {error}");
        }
        let deep = format!(
            "root ::= {}\"a\"{}",
            "(".repeat(100_000),
            ")".repeat(100_000)
        );
        assert!(to_lark(&deep).unwrap_err().contains("nested deeper"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(root ::= )?[a-z\"\\[\\](){}*+?|.\\\\^0-9,\\- \n#ü:=]{0,80}") {
            let _ = to_lark(&text);
        }
    }
}
