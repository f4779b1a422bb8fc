//! Templates: text with `{{name}}` placeholders.
//!
//! **Guarantees**: loading one with an unknown or a missing placeholder fails; a filled value is never read for
//! placeholders again.

/// A checked template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Text, then placeholder, then text …: every odd part is a placeholder's name.
    parts: Vec<String>,
}

/// Why a text is no template of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A `{{` without `}}`.
    #[error("a placeholder is not closed by `}}}}`")]
    Open,
    /// A name nobody fills.
    #[error("`{{{{{0}}}}}` is not a placeholder of this template")]
    Unknown(String),
    /// A name that must stand in the text.
    #[error("`{{{{{0}}}}}` is missing")]
    Missing(String),
}

impl Template {
    /// Checks a text against the names its kind fills, each of which must occur.
    ///
    /// # Errors
    /// When a placeholder is open, unknown or missing.
    pub fn load(text: &str, names: &[&str]) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, tail)) = rest.split_once("{{") {
            let (name, after) = tail.split_once("}}").ok_or(TemplateError::Open)?;
            let name = name.trim();
            if !names.contains(&name) {
                return Err(TemplateError::Unknown(name.chars().take(80).collect()));
            }
            parts.push(before.to_owned());
            parts.push(name.to_owned());
            rest = after;
        }
        parts.push(rest.to_owned());
        let used = |name: &&&str| !parts.iter().skip(1).step_by(2).any(|part| part == **name);
        match names.iter().find(used) {
            Some(missing) => Err(TemplateError::Missing((*missing).to_owned())),
            None => Ok(Self { parts }),
        }
    }

    /// The text with its placeholders filled.
    pub(super) fn fill(&self, values: &[(&str, &str)]) -> String {
        let value = |name: &str| values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| *value);
        let parts = self.parts.iter().enumerate();
        parts.map(|(index, part)| if index % 2 == 1 { value(part) } else { part.as_str() }).collect()
    }
}

fn shipped(text: &str, names: &[&str]) -> Template {
    // A test loads every shipped template with these names; one that failed would be sent as plain text.
    Template::load(text, names).unwrap_or_else(|_| Template { parts: vec![text.to_owned()] })
}

const GAP: (&str, &[&str]) = (include_str!("../../templates/message/gap.md"), &[]);
const DEVELOPMENT: (&str, &[&str]) = (include_str!("../../templates/message/development.md"), &["task"]);
const CAPABILITY: (&str, &[&str]) =
    (include_str!("../../templates/message/capability.md"), &["task", "pulls", "quoted"]);

pub(super) fn gap() -> Template {
    shipped(GAP.0, GAP.1)
}

pub(super) fn development() -> Template {
    shipped(DEVELOPMENT.0, DEVELOPMENT.1)
}

pub(super) fn capability() -> Template {
    shipped(CAPABILITY.0, CAPABILITY.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_templates_load_with_exactly_their_placeholders() {
        for (text, names) in [GAP, DEVELOPMENT, CAPABILITY] {
            assert!(Template::load(text, names).is_ok(), "{names:?}");
        }
    }

    #[test]
    fn unknown_missing_and_open_placeholders_are_refused() {
        assert_eq!(Template::load("{{x}}", &[]), Err(TemplateError::Unknown("x".to_owned())));
        assert_eq!(Template::load("plain", &["task"]), Err(TemplateError::Missing("task".to_owned())));
        assert_eq!(Template::load("{{task", &["task"]), Err(TemplateError::Open));
        assert_eq!(TemplateError::Missing("task".to_owned()).to_string(), "`{{task}}` is missing");
    }

    #[test]
    fn a_filled_value_is_not_filled_again() {
        let template = Template::load("a {{ x }} b", &["x"]).expect("a template");
        assert_eq!(template.fill(&[("x", "{{x}}")]), "a {{x}} b");
    }
}
