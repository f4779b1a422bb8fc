//! GitHub: what exists nowhere else is read from it, and only what must happen there is told to it.
//!
//! **Needs** an API address and a user's token. **Guarantees**: one observation is one GraphQL query of one point; reads
//! are repeated on failures of the server, writes never; every write answers done, not done or unknown; nothing is sent
//! into a rate limit that stands; answers are bounded and read by lenient structs of our own. Accounts are told by numeric
//! id.
//! **Races**: GitHub is eventually consistent; what was written is read back by number, never searched.

mod answer;
mod budget;
mod calls;
mod checks;
mod checkup;
mod discussion;
mod http;
mod observe;
mod page;
mod partial;
mod read;
mod remark;
mod rules;
mod shape;
mod write;

pub use self::checks::CHECKS;
pub use self::checkup::ASSIGNABLE;
pub use self::http::{ForgeError, Spent};
pub use self::observe::{LINKED as LINKED_PULLS, LISTS, OBSERVATION};

use crate::model::{Balance, LimitsMet, NodeId, RepositoryName, Resource, Spending, TokenKind};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// Which repository, where, and with whose token.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `https://api.github.com`, or an enterprise server's `…/api/v3`.
    pub api_url: String,
    /// The repository.
    pub repository: RepositoryName,
    /// A user's token.
    pub token: Option<SecretString>,
}

/// A client for one repository.
pub struct Client {
    pub(self) http: http::Http,
    pub(self) repository: RepositoryName,
    /// The repository's own id, once it was looked at.
    pub(self) node: Mutex<Option<NodeId>>,
    /// What kind of token it has.
    pub(self) token: TokenKind,
    /// Labels that are known to exist, in lower case as GitHub compares them; `None` until they were listed.
    pub(self) labels: Mutex<Option<BTreeSet<String>>>,
    /// The checks of red heads.
    pub(self) red: Mutex<checks::Red>,
    /// Pages of lists that are read again and again.
    pub(self) pages: Mutex<page::Pages>,
    /// How much is asked for at once.
    pub(self) size: Mutex<observe::Size>,
    /// The lists beyond their first page.
    pub(self) lists: Mutex<observe::Lists>,
}

impl Client {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// When the address is none, or the token can't stand in a header.
    pub fn new(settings: &Settings) -> Result<Self, ForgeError> {
        let http = http::Http::new(&settings.api_url, settings.token.as_ref())?;
        let token =
            settings.token.as_ref().map_or_else(TokenKind::default, |token| TokenKind::of(token.expose_secret()));
        let repository = settings.repository.clone();
        Ok(Self {
            http,
            repository,
            token,
            node: Mutex::default(),
            labels: Mutex::default(),
            red: Mutex::default(),
            pages: Mutex::default(),
            size: Mutex::default(),
            lists: Mutex::default(),
        })
    }

    /// What was spent so far.
    pub fn spent(&self) -> Spent {
        self.http.budget.spent()
    }

    /// Tells what time it is, and what earlier processes met: nothing is sent into a limit that stands.
    pub fn resume(&self, now: Timestamp, kept: Option<&Spending>) {
        self.http.budget.resume(now, kept);
    }

    /// Gives away what was spent since this was asked last, with how it stands.
    pub fn drain(&self) -> Spending {
        self.http.budget.drain()
    }

    /// The limits that were met.
    pub fn limits(&self) -> LimitsMet {
        self.http.budget.limits()
    }

    /// How the hourly budgets stand.
    pub fn balances(&self) -> BTreeMap<Resource, Balance> {
        self.http.budget.balances()
    }

    pub(self) fn path(&self, rest: &str) -> String {
        format!("/repos/{}{rest}", self.repository)
    }
}
