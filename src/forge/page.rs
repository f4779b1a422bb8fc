//! Lists of REST, page after page.
//!
//! **Guarantees**: all pages up to a named limit; a page that GitHub says is unchanged is taken from memory, which holds
//! a bounded number of them. **Races**: a list that grows while it is read shows an entry twice rather than never.

use super::{Client, ForgeError};
use crate::model::Reason;
use ::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// Most pages of a list, a hundred entries each. What is looked for in longer lists is among the newest.
const MAX_PAGES: usize = 50;
/// Entries of a full page.
const FULL: usize = 100;
/// Most pages that are remembered; a look needs one for each unfinished pull request.
const MAX_KEPT: usize = 64;

/// A page as it was last seen.
#[derive(Clone, Debug)]
pub(super) struct Page {
    etag: String,
    entries: Vec<Value>,
    more: bool,
}

/// Pages by path.
pub(super) type Pages = BTreeMap<String, Page>;

impl Client {
    /// Every entry of a list.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        reason: Reason,
        what: &str,
        path: &str,
    ) -> Result<Vec<T>, ForgeError> {
        let mut all = Vec::new();
        for number in 1..=MAX_PAGES {
            let page = self.page(reason, what, &numbered(path, number), None).await?;
            all.extend(page.entries.into_iter().filter_map(|entry| serde_json::from_value(entry).ok()));
            if !page.more {
                break;
            }
        }
        Ok(all)
    }

    /// The same of a list that is read again and again: what is unchanged costs nothing.
    pub(super) async fn watch<T: DeserializeOwned>(
        &self,
        reason: Reason,
        what: &str,
        path: &str,
    ) -> Result<Vec<T>, ForgeError> {
        let mut all = Vec::new();
        for number in 1..=MAX_PAGES {
            let path = numbered(path, number);
            let known = self.pages.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
            let page = self.page(reason, what, &path, known).await?;
            // An entry of a shape we don't know is somebody else's; it must not hide the rest of the page.
            all.extend(page.entries.iter().filter_map(|entry| serde_json::from_value(entry.clone()).ok()));
            let more = page.more;
            self.remember(path, page);
            if !more {
                break;
            }
        }
        Ok(all)
    }

    /// One object that is read again and again: what is unchanged costs nothing.
    pub(super) async fn watched(&self, reason: Reason, what: &str, path: &str) -> Result<Value, ForgeError> {
        let known = self.pages.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        let etag = known.as_ref().map(|page| page.etag.as_str());
        let reply = self.http.get_unless(reason, what, path, etag).await?;
        if let Some(known) = known.filter(|_| reply.status == StatusCode::NOT_MODIFIED) {
            return Ok(known.entries.into_iter().next().unwrap_or_default());
        }
        let etag = reply.headers.get("etag").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        self.remember(path.to_owned(), Page { etag, entries: vec![reply.body.clone()], more: false });
        Ok(reply.body)
    }

    async fn page(&self, reason: Reason, what: &str, path: &str, known: Option<Page>) -> Result<Page, ForgeError> {
        let etag = known.as_ref().map(|page| page.etag.as_str());
        let reply = self.http.get_unless(reason, what, path, etag).await?;
        if let Some(known) = known.filter(|_| reply.status == StatusCode::NOT_MODIFIED) {
            // What is unchanged is the page; since it was read a next one may have begun.
            let more = known.more || known.entries.len() >= FULL;
            return Ok(Page { more, ..known });
        }
        let header = |name: &str| reply.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let more = header("link").contains("rel=\"next\"");
        let etag = header("etag").to_owned();
        let Value::Array(entries) = reply.body else {
            return Err(ForgeError::Unexpected { what: what.to_owned(), why: "the answer is no list".to_owned() });
        };
        Ok(Page { etag, entries, more })
    }

    fn remember(&self, path: String, page: Page) {
        if page.etag.is_empty() {
            return;
        }
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.len() >= MAX_KEPT && !pages.contains_key(&path) {
            // Whatever goes is read in full once more.
            pages.pop_first();
        }
        pages.insert(path, page);
    }
}

fn numbered(path: &str, number: usize) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}per_page={FULL}&page={number}")
}
