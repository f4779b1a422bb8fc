//! What was said about a pull request, and who may be quoted.
//!
//! **Guarantees**: comments, reviews and review comments, all pages, in one order. Quoted is who may write to the
//! repository: that is asked for, once an account, and never guessed from an association. Accounts are told apart by
//! their numbers: the agent and the review bot are both called `Copilot`.
//!
//! **Known**: REST does not say which comments are hidden (minimized), so a hidden one is quoted where its author may
//! write; whom one hides a comment of usually may not. A review in progress is nobody's word yet, and left out.

use super::page::if_known;
use super::shape::{Who, account};
use super::{Client, ForgeError};
use crate::model::{AccountId, Discussion, DiscussionEntry, EntryKind, PullNumber, Reason, Verdict};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Longest text that is kept of a description or a comment, in characters.
const MAX_TEXT: usize = 70_000;
/// Longest address that is kept.
const MAX_LINK: usize = 300;

#[derive(Deserialize)]
struct Pull {
    body: Option<String>,
    user: Option<Who>,
    html_url: Option<String>,
}

#[derive(Deserialize)]
struct Comment {
    #[serde(default)]
    id: u64,
    user: Option<Who>,
    created_at: Timestamp,
    body: Option<String>,
    html_url: Option<String>,
    path: Option<String>,
}

#[derive(Deserialize)]
struct Review {
    #[serde(default)]
    id: u64,
    user: Option<Who>,
    submitted_at: Option<Timestamp>,
    #[serde(default)]
    state: String,
    body: Option<String>,
    html_url: Option<String>,
}

#[derive(Deserialize)]
struct Permission {
    permission: Option<String>,
    user: Option<Who>,
}

impl Client {
    /// A pull request's description and what people with write permission said about it.
    ///
    /// # Errors
    /// When GitHub can't be asked.
    pub async fn discussion(&self, pull: PullNumber) -> Result<Discussion, ForgeError> {
        let what = format!("read the discussion of {pull}");
        let path = self.path(&format!("/pulls/{}", pull.0));
        let reason = Reason::Discussion;
        let description: Pull = serde_json::from_value(self.watched(reason, &what, &path).await?)
            .map_err(|error| ForgeError::Unexpected { what: what.clone(), why: error.to_string() })?;
        let link = page(description.html_url);
        // A capability issue may wait for an hour until it can be made, and all of this is read with every look.
        let comment = |comment: Comment| Some(of_comment(comment, &link));
        let review = |review: Review| of_review(review, &link);
        let comments = self.path(&format!("/issues/{}/comments", pull.0));
        let mut said: Vec<DiscussionEntry> = self.watch(reason, &what, &comments, if_known(comment)).await?;
        said.extend(self.watch(reason, &what, &format!("{path}/reviews"), if_known(review)).await?);
        said.extend(self.watch(reason, &what, &format!("{path}/comments"), if_known(comment)).await?);
        said.sort_by(|a, b| (a.at, a.id, &a.kind).cmp(&(b.at, b.id, &b.kind)));
        let mut writers = BTreeMap::new();
        let author = account(description.user.as_ref());
        let mut discussion = Discussion { link, ..Discussion::default() };
        if self.is_writer(&mut writers, &author).await? {
            discussion.body = Some(text(description.body));
        } else {
            discussion.others.push(discussion.link.clone());
        }
        for entry in said {
            if self.is_writer(&mut writers, &entry.author).await? {
                discussion.entries.push(entry);
            } else {
                discussion.others.push(entry.link);
            }
        }
        Ok(discussion)
    }

    async fn is_writer(&self, known: &mut BTreeMap<u64, bool>, author: &AccountId) -> Result<bool, ForgeError> {
        if let Some(known) = known.get(&author.id) {
            return Ok(*known);
        }
        let may_write = self.may_write(author.id, &author.login).await?;
        known.insert(author.id, may_write);
        Ok(may_write)
    }

    /// Whether an account may write to the repository; asked, not guessed from its association. A deleted one may not,
    /// nor one whose name is another's meanwhile.
    ///
    /// # Errors
    /// When GitHub can't be asked.
    pub async fn may_write(&self, id: u64, login: &str) -> Result<bool, ForgeError> {
        match id {
            AccountId::COPILOT_AGENT => return Ok(true),
            0 => return Ok(false),
            _ => {}
        }
        let login = percent_encoding::utf8_percent_encode(login, percent_encoding::NON_ALPHANUMERIC);
        let path = self.path(&format!("/collaborators/{login}/permission"));
        match self.watched(Reason::Permission, "ask for a permission", &path).await {
            Ok(body) => {
                let Ok(answer) = serde_json::from_value::<Permission>(body) else { return Ok(false) };
                let same = answer.user.as_ref().is_none_or(|user| account(Some(user)).id == id);
                Ok(same && matches!(answer.permission.as_deref(), Some("admin" | "maintain" | "write")))
            }
            Err(ForgeError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn of_comment(comment: Comment, page: &str) -> DiscussionEntry {
    DiscussionEntry {
        id: comment.id,
        author: account(comment.user.as_ref()),
        at: comment.created_at,
        kind: comment.path.map_or(EntryKind::Comment, |path| EntryKind::ReviewComment { path: text(Some(path)) }),
        text: text(comment.body),
        link: below(page, comment.html_url),
    }
}

/// A review that only holds its remarks together says nothing itself.
fn of_review(review: Review, page: &str) -> Option<DiscussionEntry> {
    let verdict = match review.state.as_str() {
        "APPROVED" => Verdict::Approved,
        "CHANGES_REQUESTED" => Verdict::ChangesRequested,
        "DISMISSED" => Verdict::Dismissed,
        _ => Verdict::Commented,
    };
    let text = text(review.body);
    (verdict != Verdict::Commented || !text.trim().is_empty()).then_some(DiscussionEntry {
        id: review.id,
        author: account(review.user.as_ref()),
        at: review.submitted_at?,
        kind: EntryKind::Review { verdict },
        text,
        link: below(page, review.html_url),
    })
}

fn text(body: Option<String>) -> String {
    body.unwrap_or_default().chars().take(MAX_TEXT).collect()
}

/// An address that is written into our issues, if it is no more than one.
fn page(url: Option<String>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '.' | '-' | '_');
    let url = url.filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    url.filter(|url| url.len() <= MAX_LINK && url.chars().all(plain)).unwrap_or_default()
}

/// The address of an entry on a page; of anything else, the page.
fn below(page: &str, url: Option<String>) -> String {
    let plain = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let is_below = |url: &String| url.strip_prefix(page).and_then(|rest| rest.strip_prefix('#')).is_some_and(plain);
    url.filter(|url| !page.is_empty() && url.len() <= MAX_LINK && is_below(url)).unwrap_or_else(|| page.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_pages_own_or_the_page() {
        let here = "https://github.com/octo/sample/pull/15";
        assert_eq!(page(Some(here.to_owned())), here);
        for bad in ["javascript:alert(1)", "https://x.example/a b", "https://x.example/<b>", "https://x.example/](y"] {
            assert_eq!(page(Some(bad.to_owned())), "", "{bad}");
        }
        let good = format!("{here}#discussion_r7");
        assert_eq!(below(here, Some(good.clone())), good);
        for bad in ["https://x.example/#a", "https://github.com/octo/sample/pull/15#a @mona", ""] {
            assert_eq!(below(here, Some(bad.to_owned())), here, "{bad}");
        }
        assert_eq!(below("", Some("#a".to_owned())), "");
    }
}
