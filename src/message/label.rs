//! The labels of our issues. The first three are the predecessor's, which dashboards count.

use crate::model::KeyKind;

/// A label's name and colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// Its colour, six hex digits.
    pub color: &'static str,
}

/// Of gap analyses.
pub const GAP: Label = Label { name: "Gap Analysis", color: "1d76db" };
/// Of queue items.
pub const DEVELOPMENT: Label = Label { name: "Development", color: "0e8a16" };
/// Of capability updates.
pub const CAPABILITY: Label = Label { name: "Update Capability", color: "fbca04" };

/// Name and colour of every label that we set.
pub fn labels() -> Vec<(String, String)> {
    [GAP, DEVELOPMENT, CAPABILITY].iter().map(|label| (label.name.to_owned(), label.color.to_owned())).collect()
}

/// The label of a kind of issue.
pub const fn label_of(kind: KeyKind) -> Label {
    match kind {
        KeyKind::Gap => GAP,
        KeyKind::Item => DEVELOPMENT,
        KeyKind::Capability => CAPABILITY,
    }
}
