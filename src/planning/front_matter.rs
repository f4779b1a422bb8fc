//! Front-matter of a queue file: `---`, lines of `key: value`, `---`.
//!
//! **Guarantees**: only `priority`, `depends_on` and `hold` mean anything. Agents write these files, so other keys are
//! read over: labels, branches, models and agents are the policy's business and can't be set here.

use crate::model::{ItemName, Quarantine};

/// What front-matter may say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) priority: i8,
    pub(super) depends_on: Vec<ItemName>,
    pub(super) hold: bool,
}

/// A file's front-matter and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    pub(super) fields: Fields,
    pub(super) rest: &'a str,
}

/// Most lines a front-matter may have.
const MAX_LINES: usize = 100;

/// Cuts a text into front-matter and the rest; a text without front-matter is all rest.
pub(super) fn split(text: &str) -> Result<Parts<'_>, Quarantine> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.split_inclusive('\n');
    let Some(first) = lines.next().filter(|line| line.trim_end() == "---") else {
        return Ok(Parts { fields: Fields::default(), rest: text });
    };
    let mut fields = Fields::default();
    let mut offset = first.len();
    for (index, raw) in lines.enumerate().take(MAX_LINES) {
        offset += raw.len();
        let line = raw.trim();
        if line == "---" {
            return Ok(Parts { fields, rest: text.get(offset..).unwrap_or_default() });
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // The opening line is line 1.
        set(&mut fields, line).map_err(|problem| Quarantine::FrontMatter { line: index + 2, problem })?;
    }
    Err(Quarantine::FrontMatter { line: 1, problem: "it is not closed by a line `---`".to_owned() })
}

fn set(fields: &mut Fields, line: &str) -> Result<(), String> {
    let (key, value) = line.split_once(':').ok_or("expected `key: value`")?;
    let value = value.trim();
    match key.trim() {
        "priority" => {
            let range = || "`priority` is a whole number from -100 to 100".to_owned();
            fields.priority = value.parse().ok().filter(|number| (-100..=100).contains(number)).ok_or_else(range)?;
        }
        "hold" => {
            fields.hold = match value {
                "true" => true,
                "false" => false,
                _ => return Err("`hold` is `true` or `false`".to_owned()),
            };
        }
        "depends_on" => {
            let list = value.trim_start_matches('[').trim_end_matches(']');
            let names =
                list.split(',').map(|name| name.trim().trim_matches(['"', '\''])).filter(|name| !name.is_empty());
            let wrong = || "`depends_on` is a list of file names, separated by commas".to_owned();
            fields.depends_on = names.map(|name| ItemName::new(name).ok_or_else(wrong)).collect::<Result<_, _>>()?;
        }
        _ => {}
    }
    Ok(())
}
