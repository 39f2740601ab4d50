//! The words around quotations. They are chosen by what was asked and where the quotation stands,
//! never at random, and state nothing about the subject.

use super::{
    intent::Asked,
    model::{Persona, SourceKind},
};

/// Where a quotation stands, as the words around it name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// What kind of source it is.
    pub(super) kind: SourceKind,
    /// The source's title.
    pub(super) title: &'a str,
    /// The heading above the quotation inside the source.
    pub(super) heading: Option<&'a str>,
}

impl Place<'_> {
    /// The source inside a sentence: a file in quotation marks, a message by what it is.
    fn named(self, begins_sentence: bool) -> String {
        match self.kind {
            SourceKind::Conversation if begins_sentence => self.title.to_owned(),
            SourceKind::Conversation => in_sentence(self.title),
            _ => format!("“{}”", self.title),
        }
    }
}

/// The line in front of the first quotation.
pub(super) fn lead_in(asked: Asked, place: Place<'_>, quote: &str, is_sure: bool) -> String {
    match place.kind {
        _ if !is_sure => format!("I am not sure this is what you mean. {}", closest(place)),
        SourceKind::Handbook => from_handbook(asked, place.title, quote),
        _ => match place.heading {
            Some(heading) => format!("{} says under “{heading}”:", place.named(true)),
            None => format!("{} says:", place.named(true)),
        },
    }
}

fn from_handbook(asked: Asked, title: &str, quote: &str) -> String {
    let has_figure = quote.contains(|character: char| character.is_ascii_digit());
    match asked {
        Asked::Steps => format!("This is how the handbook puts it under “{title}”:"),
        Asked::Figure | Asked::Time if has_figure => {
            format!("You find this in the handbook under “{title}”:")
        }
        Asked::Reason => format!("The handbook explains it under “{title}”:"),
        Asked::Decision => format!("On this question the handbook says under “{title}”:"),
        _ => format!("The handbook answers this under “{title}”:"),
    }
}

fn closest(place: Place<'_>) -> String {
    match place.kind {
        SourceKind::Handbook => format!("The closest passage of my handbook is “{}”:", place.title),
        _ => format!("The closest words in {} are:", place.named(false)),
    }
}

/// The line in front of a line found by its key.
pub(super) fn line_lead_in(place: Place<'_>) -> String {
    format!("In {} this line answers it:", place.named(false))
}

/// The line in front of a further quotation.
pub(super) fn further(place: Place<'_>) -> String {
    match place.kind {
        SourceKind::Handbook => format!("The handbook adds under “{}”:", place.title),
        _ => format!("{} adds:", place.named(true)),
    }
}

/// The line in front of the sentences that sum a text up.
pub(super) fn summary_lead_in(place: Place<'_>) -> String {
    format!(
        "These sentences carry most of {}, word for word:",
        place.named(false)
    )
}

/// The line in front of the passage shown to somebody who wanted something made.
pub(super) fn useful(place: Place<'_>) -> String {
    format!(
        "The most useful passage I have for it is “{}”:",
        place.title
    )
}

/// The column names of a table whose rows are quoted.
pub(super) fn columns(header: &str) -> String {
    format!("The columns are `{}`.", header.trim().replace('`', "'"))
}

/// The passages worth reading too.
pub(super) fn related(topics: &[&str]) -> String {
    format!("Also relevant: {}.", listed(topics))
}

/// A quotation with its number, as a markdown block. White space is drawn together, and lines of
/// forms and tables are set as they are.
pub(super) fn quotation(quote: &str, number: u32, is_line: bool) -> String {
    let words = quote.split_whitespace().collect::<Vec<_>>().join(" ");
    if is_line && !words.contains('`') {
        format!("> `{words}` [{number}]")
    } else {
        format!("> {words} [{number}]")
    }
}

/// What is said when nothing answers: what was searched, what the handbook does cover, and the
/// way out.
pub(super) fn refusal(searched: &[String], topics: &[&str]) -> String {
    let searched = match searched {
        [] => "I have no texts to answer from.".to_owned(),
        [one] => format!("I found no answer to that in {one}."),
        [rest @ .., last] => format!(
            "I found no answer to that in {} or {last}.",
            rest.join(", ")
        ),
    };
    format!(
        "{searched} I only quote what is written there, so I would rather not guess.{} \
         You can also paste or attach a text, and I will look it up in there.",
        nearest(topics)
    )
}

/// The topics of the handbook that lie nearest, as a sentence; empty without topics.
pub(super) fn nearest(topics: &[&str]) -> String {
    match topics {
        [] => String::new(),
        _ => format!(
            " The nearest topics my handbook covers are {}.",
            listed(topics)
        ),
    }
}

/// “a”, “b” and “c”.
fn listed(topics: &[&str]) -> String {
    let quoted: Vec<_> = topics.iter().map(|topic| format!("“{topic}”")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// What is said before anything is quoted when something new is to be made.
pub(super) const CANNOT_CREATE: &str = "I cannot write, calculate or translate anything new: no generative \
    model answers for me, so I look things up and quote them word for word. An administrator can \
    import a model under Administration → Models.";

/// Said to somebody who wants an opinion on a text.
pub(super) const CANNOT_JUDGE: &str = "I quote what is written and cannot judge a text. A generative model can do that once an administrator imports one.";

/// A greeting in return.
pub(super) fn greeting(persona: &Persona, topics: &[&str]) -> String {
    let topics = match topics {
        [] => String::new(),
        _ => format!(" You could ask me about {}.", listed(topics)),
    };
    format!(
        "Hello, I am {}, your {}. Ask me a question, or paste or attach a text and ask about it.{topics}",
        persona.name,
        in_sentence(&persona.role)
    )
}

/// An answer to thanks.
pub(super) const WELCOME: &str =
    "You are welcome. If something is still open, just ask, or paste the text it is about.";

/// Who the employee is, what it can do, and how it answers here.
pub(super) fn about(persona: &Persona, topics: &[&str]) -> String {
    let mut text = format!(
        "I am {}, your {}.",
        persona.name,
        in_sentence(&persona.role)
    );
    if !persona.features.is_empty() {
        text.push_str(" This is the work I am made for:\n");
        for feature in &persona.features {
            text.push_str("\n- ");
            text.push_str(feature);
        }
        text.push('\n');
    }
    text.push_str(
        "\nRight now I answer without a generative model: I look your question up in my handbook, \
         in what you paste or attach and in this conversation, and quote what I find word for word. \
         When nothing there answers, I say so.",
    );
    if !topics.is_empty() {
        text.push_str(&format!(" You could ask me about {}.", listed(topics)));
    }
    text
}

/// A title inside a sentence: lower case unless it begins with an abbreviation such as “IT”.
fn in_sentence(role: &str) -> String {
    let mut characters = role.chars();
    match (characters.next(), characters.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(characters).collect()
        }
        _ => role.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn job_titles_fit_into_a_sentence() {
        let persona = |role: &str| Persona {
            name: "Ada".into(),
            role: role.into(),
            features: vec![],
        };
        assert!(about(&persona("Invoice clerk"), &[]).starts_with("I am Ada, your invoice clerk."));
        assert!(about(&persona("IT help desk"), &[]).starts_with("I am Ada, your IT help desk."));
    }

    #[test]
    fn a_refusal_names_what_was_searched_and_what_is_near() {
        let text = refusal(
            &["my handbook".into(), "“a.txt”".into()],
            &["Payment run", "Retention"],
        );
        assert!(text.starts_with("I found no answer to that in my handbook or “a.txt”."));
        assert!(text.contains("“Payment run” and “Retention”"));
    }

    #[test]
    fn lines_of_a_form_are_set_as_they_are() {
        assert_eq!(
            quotation("Total:  260.00", 2, true),
            "> `Total: 260.00` [2]"
        );
        assert_eq!(
            quotation("One\n sentence.", 1, false),
            "> One sentence. [1]"
        );
    }
}
