//! From a filter's text to its tree, within bounds.

use crate::{
    filter::{Filter, Operand, Operator},
    path::{AttributePath, shorten},
    problem::{Problem, Result, ScimType},
};

/// Longest filter, in bytes.
pub const FILTER_BYTES_MAX: usize = 4096;
/// Most brackets and negations within each other.
pub const FILTER_DEPTH_MAX: usize = 16;
/// Most comparisons in a filter.
pub const FILTER_TERMS_MAX: usize = 100;

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// `invalidFilter` naming what is wrong, also for one beyond the bounds.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > FILTER_BYTES_MAX {
            let message = format!("the filter is longer than {FILTER_BYTES_MAX} bytes");
            return Err(invalid(message));
        }
        let mut parser = Parser {
            rest: text,
            depth: 0,
            terms: 0,
        };
        let filter = parser.any_of()?;
        parser.skip_spaces();
        if !parser.rest.is_empty() {
            return Err(parser.unexpected());
        }
        Ok(filter)
    }
}

/// Reads the filter in brackets at the beginning of `text`; gives it and what follows the bracket.
pub(crate) fn bracketed(text: &str) -> Result<(Filter, &str)> {
    if text.len() > FILTER_BYTES_MAX {
        return Err(invalid("the filter is too long"));
    }
    let mut parser = Parser {
        rest: text,
        depth: 0,
        terms: 0,
    };
    let filter = parser.brackets()?;
    Ok((filter, parser.rest))
}

fn invalid(message: impl Into<String>) -> Problem {
    Problem::invalid(ScimType::InvalidFilter, message)
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
    terms: usize,
}

impl<'a> Parser<'a> {
    fn any_of(&mut self) -> Result<Filter> {
        let mut any = vec![self.all_of()?];
        while self.takes_word("or") {
            any.push(self.all_of()?);
        }
        Ok(single(any, Filter::Or))
    }

    fn all_of(&mut self) -> Result<Filter> {
        let mut all = vec![self.term()?];
        while self.takes_word("and") {
            all.push(self.term()?);
        }
        Ok(single(all, Filter::And))
    }

    fn term(&mut self) -> Result<Filter> {
        self.skip_spaces();
        if self.rest.starts_with('(') {
            return self.parentheses();
        }
        let before = self.rest;
        if self.takes_word("not") {
            self.skip_spaces();
            if self.rest.starts_with('(') {
                return Ok(Filter::Not(Box::new(self.parentheses()?)));
            }
            // An attribute may be called `not`.
            self.rest = before;
        }
        self.condition()
    }

    fn parentheses(&mut self) -> Result<Filter> {
        self.enter()?;
        self.advance(1);
        let inner = self.any_of()?;
        self.close(')')?;
        Ok(inner)
    }

    /// `[…]` behind the name of a list.
    fn brackets(&mut self) -> Result<Filter> {
        self.enter()?;
        self.advance(1);
        let inner = self.any_of()?;
        self.close(']')?;
        Ok(inner)
    }

    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > FILTER_DEPTH_MAX {
            let message =
                format!("the filter has more than {FILTER_DEPTH_MAX} brackets in each other");
            return Err(invalid(message));
        }
        Ok(())
    }

    fn close(&mut self, bracket: char) -> Result<()> {
        self.skip_spaces();
        if !self.rest.starts_with(bracket) {
            return Err(self.unexpected());
        }
        self.advance(1);
        self.depth -= 1;
        Ok(())
    }

    fn condition(&mut self) -> Result<Filter> {
        self.terms += 1;
        if self.terms > FILTER_TERMS_MAX {
            let message = format!("the filter has more than {FILTER_TERMS_MAX} comparisons");
            return Err(invalid(message));
        }
        let end = self.rest.find(|letter: char| {
            !(letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '$' | ':' | '.'))
        });
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        if name.is_empty() {
            return Err(self.unexpected());
        }
        let path = AttributePath::parse(name, ScimType::InvalidFilter)?;
        self.rest = rest;
        if self.rest.starts_with('[') {
            let inner = self.brackets()?;
            return Ok(Filter::Within(path, Box::new(inner)));
        }
        if self.takes_word("pr") {
            return Ok(Filter::Present(path));
        }
        let operator = self.operator()?;
        let operand = self.operand()?;
        check(operator, &operand)?;
        Ok(Filter::Compare(path, operator, operand))
    }

    fn operator(&mut self) -> Result<Operator> {
        const WORDS: [(&str, Operator); 9] = [
            ("eq", Operator::Equal),
            ("ne", Operator::NotEqual),
            ("co", Operator::Contains),
            ("sw", Operator::StartsWith),
            ("ew", Operator::EndsWith),
            ("gt", Operator::Greater),
            ("ge", Operator::GreaterOrEqual),
            ("lt", Operator::Less),
            ("le", Operator::LessOrEqual),
        ];
        let found = WORDS.into_iter().find(|(word, _)| self.takes_word(word));
        found
            .map(|(_, operator)| operator)
            .ok_or_else(|| self.unexpected())
    }

    /// A comparison's value is JSON (RFC 7644, figure 1: `compValue`).
    fn operand(&mut self) -> Result<Operand> {
        self.skip_spaces();
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter();
        let value = values.next().and_then(std::result::Result::ok);
        let used = values.byte_offset();
        let operand = match value {
            Some(serde_json::Value::String(text)) => Operand::Text(text),
            Some(serde_json::Value::Bool(truth)) => Operand::Boolean(truth),
            Some(serde_json::Value::Null) => Operand::Null,
            Some(serde_json::Value::Number(number)) => {
                Operand::Number(number.as_f64().ok_or_else(|| self.unexpected())?)
            }
            _ => return Err(self.unexpected()),
        };
        self.advance(used);
        Ok(operand)
    }

    /// Takes the word when it stands next, by itself, capitals aside.
    fn takes_word(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start_matches(' ');
        let Some(begin) = rest.get(..word.len()) else {
            return false;
        };
        let after = rest.get(word.len()..).unwrap_or_default();
        let ends = !after.starts_with(|next: char| {
            next.is_alphanumeric() || matches!(next, '_' | '-' | ':' | '.')
        });
        if !begin.eq_ignore_ascii_case(word) || !ends {
            return false;
        }
        self.rest = after;
        true
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn unexpected(&self) -> Problem {
        match self.rest {
            "" => invalid("the filter ends too early"),
            rest => invalid(format!("the filter does not read at `{}`", shorten(rest))),
        }
    }
}

fn single(mut filters: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match filters.pop() {
        Some(only) if filters.is_empty() => only,
        Some(last) => {
            filters.push(last);
            join(filters)
        }
        None => join(filters),
    }
}

/// Truth values and nothing have no order and no parts.
fn check(operator: Operator, operand: &Operand) -> Result<()> {
    let is_plain = matches!(operand, Operand::Boolean(_) | Operand::Null);
    if is_plain && !matches!(operator, Operator::Equal | Operator::NotEqual) {
        return Err(invalid(
            "true, false and null can only be compared with `eq` and `ne`",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn and_binds_tighter_than_or() {
        let filter = Filter::parse(r#"a eq 1 or b eq 2 and c pr"#).unwrap();
        let Filter::Or(any) = filter else {
            panic!("{filter:?}")
        };
        assert!(matches!(
            any.as_slice(),
            [Filter::Compare(..), Filter::And(_)]
        ));
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for bad in [
            "",
            " ",
            "userName",
            "userName eq",
            r#"userName eq "a"#,
            r#"userName is "a""#,
            "userName pr or",
            "(userName pr",
            "userName pr)",
            r#"emails[type eq "a""#,
            "active gt true",
            "userName eq [1]",
            r#"userName eq "a" userName pr"#,
            "not userName pr extra",
            "a eq b",
            r#"user name eq "a""#,
        ] {
            let problem = Filter::parse(bad).unwrap_err();
            assert_eq!(problem.scim_type, Some(ScimType::InvalidFilter), "{bad}");
        }
    }

    #[test]
    fn bounds_hold() {
        let deep = format!("{}a pr{}", "(".repeat(17), ")".repeat(17));
        assert!(Filter::parse(&deep).is_err());
        let shallow = format!("{}a pr{}", "(".repeat(16), ")".repeat(16));
        assert!(Filter::parse(&shallow).is_ok());
        let many = vec!["a pr"; 101].join(" and ");
        assert!(Filter::parse(&many).is_err());
        assert!(Filter::parse(&"a".repeat(5000)).is_err());
    }

    #[test]
    fn the_value_to_look_up_is_found_inside_a_conjunction() {
        let filter = Filter::parse(r#"active eq true and USERNAME eq "ada""#).unwrap();
        assert_eq!(filter.required_text("userName"), Some("ada"));
        let either = Filter::parse(r#"userName eq "a" or userName eq "b""#).unwrap();
        assert_eq!(either.required_text("userName"), None);
    }
}
