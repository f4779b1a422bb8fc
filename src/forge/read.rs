//! Reads on request: our own issues, the agent's lifecycle events.
//!
//! **Guarantees**: all pages, up to a named limit; marker and event names are matched, never titles.

use super::page::{FULL, if_known};
use super::shape::{Who, account, issue_state};
use super::{Client, ForgeError};
use crate::model::{
    AccountId, AgentEvent, AgentEventKind, AgentPulls, Candidate, GAP_TITLE, IssueDetail, IssueNumber, IssueState, Key,
    ListedIssue, Marker, NodeId, PullNumber, PullState, Reason, Signal, text_digest,
};
use crate::text::feeds_the_queue;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Longest text that is kept of a failure's message, in characters.
const MAX_TEXT: usize = 70_000;
/// Longest id of an event.
const MAX_ID: usize = 100;
/// Our labels, as an address writes them.
const LABELS: [&str; 3] = ["Development", "Gap%20Analysis", "Update%20Capability"];
/// The app by which the agent acts.
const AGENT_APP: &str = "copilot-swe-agent";

#[derive(Deserialize)]
struct Issue {
    number: u64,
    node_id: String,
    #[serde(default)]
    title: String,
    body: Option<String>,
    user: Option<Who>,
    #[serde(default)]
    labels: Vec<Value>,
    state: String,
    state_reason: Option<String>,
    pull_request: Option<Value>,
    #[serde(default)]
    comments: u64,
    #[serde(default)]
    assignees: Vec<Who>,
}

#[derive(Deserialize)]
struct App {
    slug: Option<String>,
}

#[derive(Deserialize)]
struct TimelineEvent {
    event: Option<String>,
    created_at: Option<Timestamp>,
    node_id: Option<String>,
    performed_via_github_app: Option<App>,
    failure_message: Option<String>,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(rename = "ref")]
    name: String,
    repo: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    full_name: String,
}

#[derive(Deserialize)]
struct Pull {
    number: u64,
    #[serde(default)]
    title: String,
    user: Option<Who>,
    state: String,
    merged_at: Option<Timestamp>,
    created_at: Timestamp,
    head: Branch,
    base: Branch,
}

/// One of the agent's; what is in no state that is known is open, so that nobody is sent to do it again.
fn agents(pull: Pull) -> Option<Candidate> {
    let author = account(pull.user.as_ref());
    let name = |branch: &Branch| branch.repo.as_ref().map(|repository| repository.full_name.to_lowercase());
    author.is_agent().then(|| Candidate {
        number: PullNumber(pull.number),
        title: pull.title,
        author,
        cross_repository: name(&pull.head) != name(&pull.base),
        head_branch: pull.head.name,
        base: pull.base.name,
        state: match (pull.merged_at, pull.state.as_str()) {
            (Some(_), _) => PullState::Merged,
            (None, "closed") => PullState::Closed,
            (None, _) => PullState::Open,
        },
        created: pull.created_at,
        signal: Signal::Opened,
    })
}

impl Client {
    /// Every issue, open or closed, with its kind's label or by our own account, whose body carries this key's marker; of
    /// gap analyses those with the fixed title, too, for a predecessor gave them no marker. By account, because a label
    /// that a person took off must not hide it.
    ///
    /// # Errors
    /// When GitHub can't be asked.
    pub async fn own_issues(&self, key: &Key, viewer: &AccountId) -> Result<Vec<ListedIssue>, ForgeError> {
        let label = match key {
            Key::Item(_) => "Development",
            Key::Gap { .. } => "Gap%20Analysis",
            Key::Capability(_) => "Update%20Capability",
        };
        let titled = |issue: &ListedIssue| matches!(key, Key::Gap { .. }) && issue.title == GAP_TITLE;
        let wanted = |issue: &ListedIssue| match &issue.marker {
            Some(marker) => marker.may_be_for(key),
            None => titled(issue),
        };
        self.issues_of(&[label], viewer, wanted).await
    }

    /// Every issue, open or closed, with one of our labels or by our own account, that carries a marker or the fixed title.
    ///
    /// # Errors
    /// When GitHub can't be asked.
    pub async fn traces(&self, viewer: &AccountId) -> Result<Vec<ListedIssue>, ForgeError> {
        self.issues_of(&LABELS, viewer, |issue| issue.marker.is_some() || issue.title == GAP_TITLE).await
    }

    /// Every issue, open or closed, with one of our labels or by our own account, whatever it carries.
    ///
    /// # Errors
    /// When GitHub can't be asked.
    pub async fn listed(&self, viewer: &AccountId) -> Result<Vec<ListedIssue>, ForgeError> {
        self.issues_of(&LABELS, viewer, |_| true).await
    }

    /// Issues with one of the labels or by our account, by number.
    async fn issues_of(
        &self,
        labels: &[&str],
        viewer: &AccountId,
        wanted: impl Fn(&ListedIssue) -> bool,
    ) -> Result<Vec<ListedIssue>, ForgeError> {
        let creator = percent_encoding::utf8_percent_encode(&viewer.login, percent_encoding::NON_ALPHANUMERIC);
        let filters = labels.iter().map(|label| format!("labels={label}")).chain([format!("creator={creator}")]);
        let mut found = BTreeMap::new();
        for filter in filters {
            let path = self.path(&format!("/issues?{filter}&state=all&sort=created&direction=desc"));
            let issues = self.watch(Reason::OwnIssues, "list our issues", &path, own).await?;
            found.extend(issues.into_iter().filter(|issue| wanted(issue)).map(|issue| (issue.number, issue)));
        }
        Ok(found.into_values().collect())
    }

    /// The first open issue of an account with exactly this title.
    ///
    /// # Errors
    /// When GitHub can't be asked.
    pub async fn open_issue_titled(&self, viewer: &AccountId, title: &str) -> Result<Option<ListedIssue>, ForgeError> {
        let creator = percent_encoding::utf8_percent_encode(&viewer.login, percent_encoding::NON_ALPHANUMERIC);
        let path = self.path(&format!("/issues?creator={creator}&state=open&sort=created&direction=asc"));
        let issues = self.watch(Reason::OwnIssues, "list our open issues", &path, own).await?;
        Ok(issues.into_iter().find(|issue| issue.author.id == viewer.id && issue.title == title))
    }

    /// One issue as it is now; `None` where there is none of this number, or none any more.
    ///
    /// # Errors
    /// When GitHub can't be asked.
    pub async fn issue(&self, number: IssueNumber) -> Result<Option<ListedIssue>, ForgeError> {
        let what = format!("read {number}");
        match self.watched(Reason::Issue, &what, &self.path(&format!("/issues/{}", number.0))).await {
            Ok(body) => {
                let issue: Issue = serde_json::from_value(body)
                    .map_err(|error| ForgeError::Unexpected { what, why: error.to_string() })?;
                // Another number is another issue: this one was moved to where the redirect led.
                Ok(Some(issue).filter(|issue| issue.pull_request.is_none() && issue.number == number.0).map(listed))
            }
            // Deleted, or transferred to where this token may not follow.
            Err(
                ForgeError::NotFound { .. } | ForgeError::Redirected { .. } | ForgeError::Refused { status: 410, .. },
            ) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The agent's pull requests among the newest hundred, open or not, newest first.
    ///
    /// # Errors
    /// When GitHub can't be asked.
    pub async fn agent_pulls(&self) -> Result<AgentPulls, ForgeError> {
        let path = self.path("/pulls?state=all&sort=created&direction=desc");
        let keep = |pull: Pull| Some((pull.created_at, agents(pull)));
        let page: Vec<(Timestamp, Option<Candidate>)> =
            self.watch_first(Reason::AgentPulls, "list the newest pull requests", &path, if_known(keep)).await?;
        let reach = page.last().map(|(created, _)| *created).filter(|_| page.len() >= FULL);
        Ok(AgentPulls { pulls: page.into_iter().filter_map(|(_, pull)| pull).collect(), reach })
    }

    /// The agent's lifecycle events on a pull request, oldest first.
    ///
    /// # Errors
    /// When GitHub can't be asked.
    pub async fn agent_events(&self, pull: PullNumber) -> Result<Vec<AgentEvent>, ForgeError> {
        let path = self.path(&format!("/issues/{}/timeline", pull.0));
        let what = format!("read the timeline of {pull}");
        let mut events = self.watch(Reason::Timeline, &what, &path, if_known(agent_event)).await?;
        events.sort_by_key(|event| event.at);
        Ok(events)
    }
}

/// An issue of a list of both. One that can't be read might be the one that is looked for, and would be made again.
fn own(entry: Value) -> Result<Option<ListedIssue>, serde_json::Error> {
    let issue: Issue = serde_json::from_value(entry)?;
    Ok(issue.pull_request.is_none().then(|| listed(issue)))
}

/// A label is an object or, as GitHub's schema has it, a name.
fn label(label: Value) -> Option<String> {
    label.as_str().or_else(|| label.get("name")?.as_str()).map(str::to_owned)
}

fn listed(issue: Issue) -> ListedIssue {
    let body = issue.body.as_deref().unwrap_or_default();
    ListedIssue {
        number: IssueNumber(issue.number),
        node: NodeId(issue.node_id),
        author: account(issue.user.as_ref()),
        labels: issue.labels.into_iter().filter_map(label).collect(),
        marker: Marker::find(body),
        leads: Marker::leading(body).is_some(),
        detail: Some(IssueDetail {
            comments: issue.comments,
            reopened: issue.state == "open" && issue.state_reason.as_deref() == Some("reopened"),
            assignees: issue.assignees.iter().map(|who| account(Some(who))).collect(),
            digest: text_digest(&issue.title, body),
            unsafe_text: feeds_the_queue(&issue.title) || feeds_the_queue(body),
        }),
        title: issue.title,
        // A state that is not known is not taken for closed: another issue would be made for the same.
        open: !matches!(
            issue_state(&issue.state, issue.state_reason.as_deref()),
            Ok(IssueState::Completed | IssueState::NotPlanned)
        ),
    }
}

fn text(body: Option<String>) -> String {
    body.unwrap_or_default().chars().take(MAX_TEXT).collect()
}

fn agent_event(event: TimelineEvent) -> Option<AgentEvent> {
    let kind = match event.event.as_deref()? {
        "copilot_work_started" => AgentEventKind::Started,
        "copilot_work_finished" => AgentEventKind::Finished,
        "copilot_work_finished_failure" => {
            AgentEventKind::Failed { message: event.failure_message.map(|m| text(Some(m))) }
        }
        _ => return None,
    };
    // The review app emits `started` too.
    let foreign = event.performed_via_github_app.and_then(|app| app.slug).is_some_and(|slug| slug != AGENT_APP);
    if foreign {
        return None;
    }
    let at = event.created_at?;
    // It stands in the marker of our comment, so it has to be a word that is found again there.
    let word = |id: &String| {
        (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_=-".contains(&b))
    };
    let id = event.node_id.filter(word).unwrap_or_else(|| format!("at-{}", at.as_second()));
    Some(AgentEvent { id, at, kind })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CommentMarker, PullNumber};

    #[test]
    fn only_what_is_surely_closed_is_not_open() {
        for (state, reason, open) in [
            ("open", None, true),
            ("closed", Some("completed"), false),
            ("closed", None, false),
            ("ajar", None, true),
            ("closed", Some("weary"), true),
        ] {
            let issue = serde_json::json!({ "number": 1, "node_id": "I_1", "state": state, "state_reason": reason });
            let issue: Issue = serde_json::from_value(issue).expect("an issue");
            assert_eq!(listed(issue).open, open, "{state} {reason:?}");
        }
    }

    #[test]
    fn whatever_id_an_event_has_a_comment_about_it_is_found_again() {
        let long = "x".repeat(MAX_ID + 1);
        for id in
            [None, Some(""), Some("CWFF_lADO=-1"), Some("a b"), Some("--> @mona"), Some("e\nf"), Some(long.as_str())]
        {
            let event = TimelineEvent {
                event: Some("copilot_work_finished_failure".to_owned()),
                created_at: Some(Timestamp::UNIX_EPOCH),
                node_id: id.map(str::to_owned),
                performed_via_github_app: None,
                failure_message: None,
            };
            let event = agent_event(event).expect("one of the agent").id;
            let about = CommentMarker::Nudge { pull: PullNumber(15), event };
            assert_eq!(CommentMarker::leading(&format!("{about}\nGo on.")), Some(about), "{id:?}");
        }
    }
}
