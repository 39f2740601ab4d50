//! Links of the documentation lead to files that are there.

use std::path::Path;

/// Links in a Markdown file that lead nowhere. Addresses of the web are not looked at.
pub(super) fn check(root: &Path, file: &str, text: &str) -> Vec<String> {
    let folder = root.join(file);
    let folder = folder.parent().unwrap_or(root);
    targets(text)
        .into_iter()
        .filter(|target| !folder.join(target).exists())
        .map(|target| format!("{file}: the link to {target} leads nowhere"))
        .collect()
}

/// The files that a Markdown text links to, without fragments.
fn targets(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if is_code {
            continue;
        }
        let links = line
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        let files = links.map(|link| link.split(['#', ' ']).next().unwrap_or(link));
        found.extend(files.filter(|link| !link.is_empty() && !link.contains(':')));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_repository_are_looked_at() {
        let text = "[a](docs/a.md#part) ![b](b.png \"B\") [c](https://example.test) [d](#part)\n```\n[e](e.md)\n```\n";
        assert_eq!(targets(text), ["docs/a.md", "b.png"]);
    }
}
