//! The nine stages of the loop, named as existing clients know them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Where the loop stands; the order is the order of the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Stage {
    /// A gap analysis is owed, or asked and without a pull request, or the loop rests.
    #[serde(rename = "1a")]
    GapOwed,
    /// The gap pull request is open.
    #[serde(rename = "1b")]
    GapInWork,
    /// The gap pull request is ready.
    #[serde(rename = "1c")]
    GapReady,
    /// A queue item may be promoted, or its promotion is unfinished.
    #[serde(rename = "2a")]
    Promotion,
    /// A development issue is in work.
    #[serde(rename = "2b")]
    DevelopmentInWork,
    /// The development pull request is ready.
    #[serde(rename = "2c")]
    DevelopmentReady,
    /// A capability update is owed, or asked and without a pull request.
    #[serde(rename = "3a")]
    CapabilityOwed,
    /// The capability pull request is open.
    #[serde(rename = "3b")]
    CapabilityInWork,
    /// The capability pull request is ready.
    #[serde(rename = "3c")]
    CapabilityReady,
}

impl Stage {
    /// All nine in order.
    pub const ALL: [Self; 9] = [
        Self::GapOwed,
        Self::GapInWork,
        Self::GapReady,
        Self::Promotion,
        Self::DevelopmentInWork,
        Self::DevelopmentReady,
        Self::CapabilityOwed,
        Self::CapabilityInWork,
        Self::CapabilityReady,
    ];

    /// `1a` … `3c`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::GapOwed => "1a",
            Self::GapInWork => "1b",
            Self::GapReady => "1c",
            Self::Promotion => "2a",
            Self::DevelopmentInWork => "2b",
            Self::DevelopmentReady => "2c",
            Self::CapabilityOwed => "3a",
            Self::CapabilityInWork => "3b",
            Self::CapabilityReady => "3c",
        }
    }

    /// What it is called beside its code.
    pub const fn label(self) -> &'static str {
        match self {
            Self::GapOwed => "Gap analysis issue creation",
            Self::GapInWork => "Gap analysis in work",
            Self::GapReady => "Gap analysis ready for merge",
            Self::Promotion => "Development issue creation",
            Self::DevelopmentInWork => "Development in work",
            Self::DevelopmentReady => "Development ready for merge",
            Self::CapabilityOwed => "Capability update issue creation",
            Self::CapabilityInWork => "Capability update in work",
            Self::CapabilityReady => "Capability update ready for merge",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} — {}", self.code(), self.label())
    }
}
