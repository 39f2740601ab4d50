//! What an employee says first.

use crate::catalog::Persona;

/// The greeting of the manifest in the mouth of an employee called `name`.
pub(super) fn spoken_by(persona: &Persona, name: &str) -> String {
    let greeting = &persona.greeting;
    if greeting.contains(&persona.default_name) {
        return greeting.replace(&persona.default_name, name);
    }
    match (first_word(&persona.default_name), first_word(name)) {
        (Some(default), Some(name)) => replace_word(greeting, default, name),
        _ => greeting.clone(),
    }
}

fn first_word(name: &str) -> Option<&str> {
    name.split_whitespace().next()
}

/// Replaces `word` where it stands alone, not inside a longer word.
fn replace_word(text: &str, word: &str, by: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(word) {
        let alone =
            !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
        replaced.push_str(before);
        replaced.push_str(if alone { by } else { word });
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greet(greeting: &str, name: &str) -> String {
        let persona = Persona {
            default_name: "Ines Roca".to_owned(),
            greeting: greeting.to_owned(),
            instructions: String::new(),
        };
        spoken_by(&persona, name)
    }

    #[test]
    fn names_are_those_of_the_employee() {
        assert_eq!(greet("Hello, I am Ines.", "Ada Lind"), "Hello, I am Ada.");
        assert_eq!(greet("I am Ines Roca.", "Ada Lind"), "I am Ada Lind.");
        assert_eq!(greet("I am Ines.", "Ines Roca"), "I am Ines.");
    }

    #[test]
    fn longer_words_stay() {
        assert_eq!(greet("Inesita asks Ines", "Ada"), "Inesita asks Ada");
    }
}
