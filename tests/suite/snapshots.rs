//! Snapshots built by hand: a quiet repository, and the facts that tests change in it.

use jiff::Timestamp;
use orchestrator::model::{
    AccountId, AgentEvent, AgentEventKind, Assignment, Binding, BoundIssue, Category, ChangeKind, ChangedPath,
    CheckReport, CheckState, CommentMarker, CommitId, Document, Folder, ForgeFacts, HeadDiff, IssueDetail, IssueNumber,
    IssueState, ItemName, Key, Ledger, ListedIssue, MergePolicy, MergeQueue, MergeState, Mergeable, Needs, NodeId,
    ObjectId, OwnComment, Planning, Policy, PolicyState, PullFacts, PullNumber, PullState, QueueItem, RepositoryFacts,
    Snapshot, Tips,
};

/// The coding agent's account.
pub fn agent() -> AccountId {
    AccountId { id: 198_982_749, login: "copilot-swe-agent".to_owned() }
}

/// The account of the token.
pub fn maintainer() -> AccountId {
    AccountId { id: 1, login: "maintainer".to_owned() }
}

/// An object id of equal bytes.
pub fn oid(byte: u8) -> ObjectId {
    ObjectId::from_bytes([byte; 20])
}

/// A fixed point in time, plus seconds.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("a second of this century")
}

/// A file name.
pub fn item_name(name: &str) -> ItemName {
    ItemName::new(name).expect("a plain file name")
}

/// A development item of the queue.
pub fn queue_item(name: &str, blob: u8) -> QueueItem {
    QueueItem {
        name: item_name(name),
        category: Category::Development,
        blob: oid(blob),
        title: format!("Title of {name}"),
        priority: 0,
        depends_on: Vec::new(),
        hold: false,
    }
}

/// The key of the question that [`quiet`] asks.
pub fn question(n: u32) -> Key {
    Key::Gap { goal: Some(oid(1)), capabilities: Some(oid(2)), n }
}

/// A repository with consent, a goal, an empty ledger and nothing in work.
pub fn quiet() -> Snapshot {
    let repository = "octo/sample".parse().expect("a repository name");
    let policy = Policy { merge: MergePolicy { enabled: true, ..MergePolicy::default() }, ..Policy::default() };
    Snapshot {
        now: at(0),
        repository: "octo/sample".parse().expect("a repository name"),
        instance: "me".to_owned(),
        policy: PolicyState::Valid { policy },
        planning: Planning {
            goal: Document { blob: Some(oid(1)) },
            capabilities: Document { blob: Some(oid(2)) },
            ..Planning::default()
        },
        tips: Tips { branch: "main".to_owned(), mainline: oid(3), ledger: Some(oid(4)), lost_ledger: None },
        ledger: Some(Ledger::default()),
        forge: ForgeFacts {
            viewer: maintainer(),
            repository: RepositoryFacts {
                name: repository,
                url: "https://github.com/octo/sample".to_owned(),
                default_branch: Some("main".to_owned()),
                mainline: Some(oid(3)),
                ledger: Some(oid(4)),
                archived: false,
                has_issues: true,
            },
            bound: Vec::new(),
            gone: Vec::new(),
            issues: Vec::new(),
            open_issues: 0,
            pulls: Vec::new(),
            open_pulls: 0,
            partial: Vec::new(),
        },
        needs: Needs::default(),
        refused: Vec::new(),
        sent: Vec::new(),
        created: Vec::new(),
        heads: std::collections::BTreeMap::new(),
        limits: orchestrator::model::LimitsMet::new(),
        unlanded: std::collections::BTreeSet::new(),
        bypassed: None,
    }
}

/// An unsettled binding.
pub fn binding(key: Key, issue: u64) -> Binding {
    Binding {
        key,
        issue: IssueNumber(issue),
        node: NodeId(format!("I_{issue}")),
        author: 1,
        by: 1,
        blob: Some(oid(9)),
        bound: at(-600),
        tip: None,
        pull: None,
        merge: None,
        outcome: None,
        settled: None,
        redispatch: None,
    }
}

/// An open issue with the agent assigned.
pub fn issue(number: u64) -> BoundIssue {
    BoundIssue {
        number: IssueNumber(number),
        title: format!("Issue {number}"),
        state: IssueState::Open,
        reopened: false,
        closed_by: None,
        labels: Vec::new(),
        assignees: vec![agent()],
        assignments: vec![Assignment { at: at(-500), actor: maintainer(), assignee: agent(), assigned: true }],
        pulls: Vec::new(),
        candidates: Vec::new(),
        unread: None,
    }
}

/// The agent's finished pull request for an issue: a draft whose review was requested.
pub fn pull(number: u64, closes: u64, head: u8) -> PullFacts {
    PullFacts {
        number: PullNumber(number),
        node: NodeId(format!("PR_{number}")),
        title: format!("Answer to issue {closes}"),
        state: PullState::Open,
        draft: true,
        author: agent(),
        base: "main".to_owned(),
        head_branch: format!("copilot/fix-{closes}"),
        head: oid(head),
        branch_tip: Some(oid(head)),
        cross_repository: false,
        changed_files: 1,
        changed_lines: 10,
        updated: None,
        queue: MergeQueue::None,
        mergeable: Mergeable::Yes,
        merge_state: MergeState::Draft,
        review_requested: true,
        reviews: Vec::new(),
        review_required: false,
        checks: CheckState::None,
        head_committed: Some(at(-300)),
        closes: vec![IssueNumber(closes)],
        labels: Vec::new(),
        merged: None,
        closed_by: None,
        created: at(-400),
    }
}

/// What a head changes.
pub fn diff(paths: &[(&str, ChangeKind)]) -> HeadDiff {
    let changes = paths.iter().map(|(path, change)| ChangedPath { path: (*path).to_owned(), change: *change });
    let added = paths.iter().filter_map(|(path, change)| {
        let name = path.strip_prefix("planning/issue_queue/pending/")?;
        (*change == ChangeKind::Added).then(|| (item_name(name), None))
    });
    HeadDiff { changes: changes.collect(), has_workflows: false, added_items: added.collect(), unreadable: None }
}

/// Lifecycle events of the agent.
pub fn events(kinds: &[AgentEventKind]) -> Vec<AgentEvent> {
    let event = |(index, kind): (usize, &AgentEventKind)| AgentEvent {
        id: format!("E_{index}"),
        at: at(-200 + i64::try_from(index).expect("few events")),
        kind: kind.clone(),
    };
    kinds.iter().enumerate().map(event).collect()
}

/// Adds a binding with its issue.
pub fn bind(snapshot: &mut Snapshot, binding: Binding, issue: BoundIssue) {
    reads(snapshot, &binding, false);
    let ledger = snapshot.ledger.get_or_insert_with(Ledger::default);
    ledger.bindings.insert(binding.key.clone(), binding);
    snapshot.forge.bound.push(issue);
}

/// What a bound issue says was read; whether it would have the agent feed the queue.
pub fn reads(snapshot: &mut Snapshot, binding: &Binding, unsafe_text: bool) {
    let detail =
        IssueDetail { comments: 0, reopened: false, assignees: Vec::new(), digest: String::new(), unsafe_text };
    let read = ListedIssue {
        number: binding.issue,
        node: binding.node.clone(),
        title: "An issue".to_owned(),
        author: maintainer(),
        labels: Vec::new(),
        marker: None,
        leads: false,
        detail: Some(detail),
        open: true,
    };
    snapshot.needs.issues.insert(binding.issue, Some(read));
}

/// In which folders a file lay since it was bound.
pub fn lay(snapshot: &mut Snapshot, name: &str, folders: &[Folder]) {
    snapshot.needs.whereabouts.insert(item_name(name), folders.iter().copied().collect());
}

/// Adds a finished pull request's facts: its diff and the agent's events.
pub fn known(snapshot: &mut Snapshot, pull: PullNumber, head: CommitId, diff: HeadDiff) {
    snapshot.needs.diffs.insert(head, diff);
    let finished = events(&[AgentEventKind::Started, AgentEventKind::Finished]);
    snapshot.needs.agent_events.insert(pull, finished);
    let (required, held) = (Some(Vec::new()), Some(Vec::new()));
    let nothing = CheckReport { checks: None, required, held, unanswered: None };
    snapshot.needs.checks.insert(head, nothing);
    sent_back(snapshot, pull, head);
}

/// The head was sent back to the agent long ago, and nothing came of it: what forbids its merge is all there is to say.
pub fn sent_back(snapshot: &mut Snapshot, pull: PullNumber, head: CommitId) {
    let at = snapshot.now - jiff::SignedDuration::from_hours(3);
    let comment =
        OwnComment { about: CommentMarker::Feedback { pull, head }, author: snapshot.forge.viewer.clone(), at };
    snapshot.needs.own_comments.insert(pull, vec![comment]);
}
