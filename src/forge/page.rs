//! Lists of REST, page after page.
//!
//! **Guarantees**: all pages up to a named limit, and the log names a list that goes on beyond it; a page that GitHub says is
//! unchanged is taken from memory, which holds a bounded number of them, and of each what was made of it and no more.
//! **Races**: a list that grows while it is read shows an entry twice rather than never.

use super::http::Reply;
use super::{Client, ForgeError};
use crate::model::Reason;
use ::http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// Most pages of a list, a hundred entries each. Of our issues those are the newest; timelines and comments come oldest
/// first, so what was said last on something longer is not seen.
const MAX_PAGES: usize = 50;
/// Entries of a full page.
pub(super) const FULL: usize = 100;
/// Most pages that are remembered: one for each unfinished pull request, and two lists as long as they are read.
const MAX_KEPT: usize = 256;

/// A page as it was last seen.
#[derive(Clone, Debug)]
pub(super) struct Page {
    etag: String,
    /// What was made of its entries.
    kept: Vec<Value>,
    more: bool,
}

/// Pages by what they are read for and their path, each with when it was used last: what is made of an entry differs.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pages: BTreeMap<String, (u64, Page)>,
    uses: u64,
}

impl Pages {
    fn get(&mut self, path: &str) -> Option<Page> {
        self.uses += 1;
        let (used, page) = self.pages.get_mut(path)?;
        *used = self.uses;
        Some(page.clone())
    }

    fn put(&mut self, path: String, page: Page) {
        self.uses += 1;
        if self.pages.len() >= MAX_KEPT && !self.pages.contains_key(&path) {
            // Whatever goes is read in full once more.
            let oldest = self.pages.iter().min_by_key(|(_, (used, _))| *used).map(|(path, _)| path.clone());
            oldest.and_then(|oldest| self.pages.remove(&oldest));
        }
        self.pages.insert(path, (self.uses, page));
    }
}

/// What is made of an entry: nothing where it is not wanted, an error where the list can't be judged without it.
type Kept<T> = Result<Option<T>, serde_json::Error>;

/// An entry of a shape we don't know is somebody else's; it must not hide the rest of the page.
pub(super) fn if_known<W: DeserializeOwned, T>(make: impl Fn(W) -> Option<T>) -> impl Fn(Value) -> Kept<T> {
    move |entry| Ok(serde_json::from_value(entry).ok().and_then(&make))
}

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
            let reply = self.http.get(reason, what, &numbered(path, number)).await?;
            let more = has_next(&reply);
            all.extend(entries(what, reply)?.into_iter().filter_map(|entry| serde_json::from_value(entry).ok()));
            if !more {
                return Ok(all);
            }
        }
        cut_short(what);
        Ok(all)
    }

    /// What is made of every entry of a list that is read again and again: what is unchanged costs nothing.
    pub(super) async fn watch<T: Serialize + DeserializeOwned>(
        &self,
        reason: Reason,
        what: &str,
        path: &str,
        keep: impl Fn(Value) -> Kept<T>,
    ) -> Result<Vec<T>, ForgeError> {
        self.watch_pages(MAX_PAGES, (reason, what, path), keep).await
    }

    /// The same of the first page alone.
    pub(super) async fn watch_first<T: Serialize + DeserializeOwned>(
        &self,
        reason: Reason,
        what: &str,
        path: &str,
        keep: impl Fn(Value) -> Kept<T>,
    ) -> Result<Vec<T>, ForgeError> {
        self.watch_pages(1, (reason, what, path), keep).await
    }

    async fn watch_pages<T: Serialize + DeserializeOwned>(
        &self,
        most: usize,
        (reason, what, path): (Reason, &str, &str),
        keep: impl Fn(Value) -> Kept<T>,
    ) -> Result<Vec<T>, ForgeError> {
        let unexpected =
            |error: serde_json::Error| ForgeError::Unexpected { what: what.to_owned(), why: error.to_string() };
        let mut all = Vec::new();
        for number in 1..=most {
            let path = numbered(path, number);
            let name = name(reason, &path);
            let known = self.pages.lock().unwrap_or_else(PoisonError::into_inner).get(&name);
            let etag = known.as_ref().map(|page| page.etag.as_str());
            let reply = self.http.get_unless(reason, what, &path, etag).await?;
            let page = match known.filter(|_| reply.status == StatusCode::NOT_MODIFIED) {
                Some(known) => known,
                None => {
                    let (etag, more) = (etag_of(&reply), has_next(&reply));
                    let found = entries(what, reply)?;
                    // What is unchanged is the page; since it was read a next one may have begun.
                    let more = more || found.len() >= FULL;
                    let mut kept = Vec::new();
                    for entry in found {
                        if let Some(entry) = keep(entry).map_err(unexpected)? {
                            kept.push(serde_json::to_value(entry).map_err(unexpected)?);
                        }
                    }
                    Page { etag, kept, more }
                }
            };
            let kept = page.kept.iter().map(|entry| serde_json::from_value(entry.clone()));
            all.extend(kept.collect::<Result<Vec<T>, _>>().map_err(unexpected)?);
            let more = page.more;
            self.remember(name, page);
            if !more {
                return Ok(all);
            }
        }
        if most > 1 {
            cut_short(what);
        }
        Ok(all)
    }

    /// One object that is read again and again: what is unchanged costs nothing.
    pub(super) async fn watched(&self, reason: Reason, what: &str, path: &str) -> Result<Value, ForgeError> {
        let name = name(reason, path);
        let known = self.pages.lock().unwrap_or_else(PoisonError::into_inner).get(&name);
        let etag = known.as_ref().map(|page| page.etag.as_str());
        let reply = self.http.get_unless(reason, what, path, etag).await?;
        if let Some(known) = known.filter(|_| reply.status == StatusCode::NOT_MODIFIED) {
            return Ok(known.kept.into_iter().next().unwrap_or_default());
        }
        let page = Page { etag: etag_of(&reply), kept: vec![reply.body.clone()], more: false };
        self.remember(name, page);
        Ok(reply.body)
    }

    fn remember(&self, path: String, page: Page) {
        if !page.etag.is_empty() {
            self.pages.lock().unwrap_or_else(PoisonError::into_inner).put(path, page);
        }
    }
}

fn cut_short(what: &str) {
    tracing::warn!(what, pages = MAX_PAGES, "a list is longer than what is read of it");
}

fn header<'r>(reply: &'r Reply, name: &str) -> &'r str {
    reply.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn etag_of(reply: &Reply) -> String {
    header(reply, "etag").to_owned()
}

fn has_next(reply: &Reply) -> bool {
    header(reply, "link").contains("rel=\"next\"")
}

fn entries(what: &str, reply: Reply) -> Result<Vec<Value>, ForgeError> {
    let Value::Array(entries) = reply.body else {
        return Err(ForgeError::Unexpected { what: what.to_owned(), why: "the answer is no list".to_owned() });
    };
    Ok(entries)
}

/// What is made of a page depends on what it is read for.
fn name(reason: Reason, path: &str) -> String {
    format!("{}: {path}", reason.word())
}

fn numbered(path: &str, number: usize) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}per_page={FULL}&page={number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_that_was_used_longest_ago_goes_first() {
        let page = || Page { etag: "x".to_owned(), kept: Vec::new(), more: false };
        let mut pages = Pages::default();
        for number in 0..MAX_KEPT {
            pages.put(format!("/{number}"), page());
        }
        assert!(pages.get("/0").is_some());
        pages.put("/new".to_owned(), page());
        let kept = |path: &str| pages.pages.contains_key(path);
        assert!(kept("/0") && kept("/new") && !kept("/1") && kept("/2"));
        assert_eq!(pages.pages.len(), MAX_KEPT);
    }
}
