//! GitHub for the engine: reads and writes as the real client makes them.
//!
//! **Guarantees**: a write probes first, is sent once, and answers done, not done or unknown where the client does.

use super::accident::Sent;
use super::{Broken, Instance, look, reading};
use orchestrator::engine::port::Forge;
use orchestrator::model::{
    AccountId as Who, AgentEvent, AgentEventKind, AgentPulls, BranchCommit, CheckReport, Closing, CommitId,
    CreatedIssue, Discussion, DiscussionEntry, EntryKind, ForgeFacts, GAP_TITLE, IssueNumber, IssueText, Key,
    ListedIssue, MergeMethod, MergeRequest, NodeId, OwnComment, Performed, PullComment, PullNumber, Question,
    RefusalKind, StopPoint, TokenKind, Verdict, text_digest,
};
use orchestrator::sim::world::{
    self, AGENT, AccountId, AgentAssignment, IssueEdit, NewIssue, Permission, PullEdit, Refusal, ReviewState,
    StateReason, World,
};
use orchestrator::sim::{self, Miniature, SimError};
use std::collections::BTreeSet;

/// Unsettled and settled issues a request.
const PAGE: (usize, usize) = (4, 10);
const LONGEST_TEXT: usize = 70_000;

fn not_done<T>(why: impl Into<String>) -> Performed<T> {
    Performed::NotDone { why: why.into(), refused: None }
}

fn unknown<T>(why: impl Into<String>) -> Performed<T> {
    Performed::Unknown { why: why.into() }
}

/// What GitHub says, as the client words it.
fn said(refusal: &Refusal) -> String {
    let details = match refusal {
        Refusal::Invalid(faults) => format!(" {faults:?}"),
        _ => String::new(),
    };
    format!("GitHub answered {}: {}{details}", refusal.status(), refusal.message())
}

fn refused<T>(refusal: &Refusal) -> Performed<T> {
    let good = matches!(refusal.status(), 403 | 404 | 405 | 410 | 422);
    let refused = good.then_some(if refusal.status() == 403 { RefusalKind::Permission } else { RefusalKind::Other });
    Performed::NotDone { why: said(refusal), refused }
}

fn text(body: &str) -> String {
    body.chars().take(LONGEST_TEXT).collect()
}

/// What the client reads of a pull request before and after a write.
struct ReadPull {
    draft: bool,
    open: bool,
    head: CommitId,
    merge: Option<CommitId>,
}

/// Reading a pull request starts the trial merge, as it does at GitHub.
fn read_pull(sim: &mut Miniature, pull: PullNumber) -> Result<ReadPull, String> {
    sim.world(|world| world.want_mergeability(pull.0));
    sim.answer_wanted().map_err(|error| error.to_string())?;
    sim.world(|world| {
        let (subject, facts) = world.pull(pull.0).ok_or_else(|| format!("read {pull}: not found"))?;
        Ok(ReadPull {
            draft: facts.draft,
            open: subject.is_open(),
            head: look::commit(&facts.head_oid),
            merge: facts.merged.as_ref().map(|merge| look::commit(&merge.oid)),
        })
    })
}

/// Whether an issue is open and whether the agent is assigned.
fn read_issue(sim: &mut Miniature, issue: IssueNumber) -> Result<(bool, bool), String> {
    sim.world(|world| {
        let subject = world.subject(issue.0).ok_or_else(|| format!("read {issue}: not found"))?;
        Ok((subject.is_open(), subject.assignees.contains(&AGENT)))
    })
}

/// REST refuses every write in an archived repository.
fn writable(world: &World) -> Result<(), Refusal> {
    let words = || Refusal::Forbidden("Repository was archived so is read-only.".to_owned());
    if world.settings.archived { Err(words()) } else { Ok(()) }
}

/// What git broke is no refusal; it can't break in memory.
fn refusal(error: SimError) -> Refusal {
    match error {
        SimError::Refused(refusal) => refusal,
        other => panic!("the simulator broke: {other}"),
    }
}

fn may_write(world: &World, author: AccountId) -> bool {
    let allowed = matches!(world.permission(author), Permission::Write | Permission::Maintain | Permission::Admin);
    author == AGENT || allowed
}

/// Comments, reviews that say something, and review comments.
fn voices(world: &World, subject: &world::Subject, pull: &world::Pull) -> Vec<DiscussionEntry> {
    let page = world.page(subject);
    let entry = |id, author, at, kind, body: &str, place: &str| {
        let (author, link) = (look::rest(world, author), format!("{page}#{place}{id}"));
        DiscussionEntry { id, author, at, kind, text: text(body), link }
    };
    let mut all = Vec::new();
    for comment in &subject.comments {
        let (kind, at) = (EntryKind::Comment, comment.created_at);
        all.push(entry(comment.id, comment.author, at, kind, &comment.body, "issuecomment-"));
    }
    for review in &pull.reviews {
        let verdict = match review.state {
            ReviewState::Approved => Verdict::Approved,
            ReviewState::ChangesRequested => Verdict::ChangesRequested,
            ReviewState::Commented if review.body.trim().is_empty() => continue,
            ReviewState::Commented => Verdict::Commented,
            ReviewState::Dismissed => Verdict::Dismissed,
        };
        let kind = EntryKind::Review { verdict };
        all.push(entry(review.id, review.author, review.at, kind, &review.body, "pullrequestreview-"));
    }
    for thread in &pull.threads {
        for comment in &thread.comments {
            let kind = EntryKind::ReviewComment { path: thread.path.clone() };
            all.push(entry(comment.id, comment.author, comment.created_at, kind, &comment.body, "discussion_r"));
        }
    }
    all
}

impl Instance {
    /// One request of an observation.
    fn ask(&self, unsettled: &[NodeId], settled: &[NodeId]) -> ForgeFacts {
        let mut sim = self.sim();
        let facts = sim.world(|world| {
            let (mut bound, mut gone) = (Vec::new(), Vec::new());
            let mut wanted = BTreeSet::new();
            let asked = unsettled.iter().map(|id| (id, true)).chain(settled.iter().map(|id| (id, false)));
            for (id, full) in asked {
                match world.subjects().find(|subject| subject.node_id == id.0 && subject.pull.is_none()) {
                    Some(subject) if full => {
                        wanted.extend(world.closing_pulls(subject.number, true));
                        bound.push(look::unsettled(world, subject));
                    }
                    Some(subject) => bound.push(look::settled(world, subject)),
                    None => gone.push(id.clone()),
                }
            }
            let (issues, pulls) = (look::open_issues(world), look::open_pulls(world));
            let facts = ForgeFacts {
                viewer: look::graph(world, self.account()),
                repository: look::repository(world),
                bound,
                gone,
                open_issues: issues.len() as u64,
                issues: issues
                    .iter()
                    .map(|issue| look::listed(world, issue, look::graph(world, issue.author)))
                    .collect(),
                open_pulls: pulls.len() as u64,
                pulls: pulls.iter().filter_map(|pull| look::listed_pull(world, pull)).collect(),
                partial: Vec::new(),
            };
            for number in wanted {
                world.want_mergeability(number);
            }
            facts
        });
        sim.answer_wanted().expect("trial merges in memory do not break");
        facts
    }

    /// Makes missing labels; which there are is asked once a process.
    fn ensure_labels<T>(&self, sim: &mut Miniature, wanted: &[(String, String)]) -> Result<(), Performed<T>> {
        let known = self.process().labels.clone();
        let listed = || sim.world(|world| world.labels().iter().map(|label| label.name.to_ascii_lowercase()).collect());
        let mut known: BTreeSet<String> = known.unwrap_or_else(listed);
        for (name, color) in wanted {
            if known.contains(&name.to_ascii_lowercase()) {
                continue;
            }
            let made = sim.world(|world| {
                writable(world)?;
                if !world.permission(self.account()).can_write() {
                    return Err(Refusal::NotFound);
                }
                world.create_label(name, color, None).map(|_| ())
            });
            match made {
                Ok(()) => {}
                Err(Refusal::Invalid(faults)) if faults.iter().any(|fault| fault.code == "already_exists") => {}
                Err(other) => return Err(refused(&other)),
            }
            known.insert(name.to_ascii_lowercase());
        }
        self.process().labels = Some(known);
        Ok(())
    }
}

impl Forge for Instance {
    type Error = Broken;

    async fn observe(&self, question: &Question) -> Result<ForgeFacts, Broken> {
        self.turn().await;
        let (mut unsettled, mut settled) = (question.unsettled.chunks(PAGE.0), question.settled.chunks(PAGE.1));
        let mut facts = self.ask(unsettled.next().unwrap_or_default(), settled.next().unwrap_or_default());
        loop {
            let (more, old) = (unsettled.next(), settled.next());
            if more.is_none() && old.is_none() {
                return Ok(facts);
            }
            let page = self.ask(more.unwrap_or_default(), old.unwrap_or_default());
            facts.bound.extend(page.bound);
            facts.gone.extend(page.gone);
        }
    }

    async fn own_issues(&self, key: &Key, viewer: &Who) -> Result<Vec<ListedIssue>, Broken> {
        self.turn().await;
        let label = match key {
            Key::Item(_) => "Development",
            Key::Gap { .. } => "Gap Analysis",
            Key::Capability(_) => "Update Capability",
        };
        Ok(self.sim().world(|world| {
            let ours = world.account_by_login(&viewer.login).map(|account| account.id);
            let issues = world.listed().filter(|subject| subject.pull.is_none());
            let labelled = |name: &String| name.eq_ignore_ascii_case(label);
            let found = issues.filter(|subject| {
                look::label_names(world, subject).iter().any(labelled) || ours == Some(subject.author)
            });
            let titled = |issue: &ListedIssue| matches!(key, Key::Gap { .. }) && issue.title == GAP_TITLE;
            let wanted = |issue: &ListedIssue| match &issue.marker {
                Some(marker) => marker.may_be_for(key),
                None => titled(issue),
            };
            found.map(|subject| look::read(world, subject)).filter(wanted).collect()
        }))
    }

    async fn issue(&self, number: IssueNumber) -> Result<Option<ListedIssue>, Broken> {
        self.turn().await;
        Ok(self.sim().world(|world| world.issue(number.0).map(|subject| look::read(world, subject))))
    }

    async fn traces(&self, viewer: &Who) -> Result<Vec<ListedIssue>, Broken> {
        self.turn().await;
        Ok(self.sim().world(|world| {
            let shown = look::ours(world, viewer).map(|subject| look::read(world, subject));
            shown.filter(|issue| issue.marker.is_some() || issue.title == GAP_TITLE).collect()
        }))
    }

    async fn listed(&self, viewer: &Who) -> Result<Vec<ListedIssue>, Broken> {
        self.turn().await;
        Ok(self.sim().world(|world| look::ours(world, viewer).map(|subject| look::read(world, subject)).collect()))
    }

    async fn may_write(&self, id: u64, _login: &str) -> Result<bool, Broken> {
        Ok(self.sim().world(|world| may_write(world, AccountId(id))))
    }

    async fn agent_pulls(&self) -> Result<AgentPulls, Broken> {
        Ok(self.sim().world(|world| look::agent_pulls(world)))
    }

    async fn agent_events(&self, pull: PullNumber) -> Result<Vec<AgentEvent>, Broken> {
        self.sim().world(|world| {
            let subject = world.subject(pull.0).ok_or_else(|| format!("read the timeline of {pull}: not found"))?;
            let events = subject.events.iter().filter_map(|event| {
                let kind = match &event.what {
                    world::What::AgentStarted => AgentEventKind::Started,
                    world::What::AgentFinished => AgentEventKind::Finished,
                    world::What::AgentFailed(message) => AgentEventKind::Failed { message: Some(text(message)) },
                    _ => return None,
                };
                Some(AgentEvent { id: world::node_id("EV_kwDO", event.id), at: event.at, kind })
            });
            Ok(events.collect())
        })
    }

    async fn discussion(&self, pull: PullNumber) -> Result<Discussion, Broken> {
        let mut sim = self.sim();
        read_pull(&mut sim, pull)?;
        Ok(sim.world(|world| {
            let Some((subject, facts)) = world.pull(pull.0) else { return Discussion::default() };
            let mut said = voices(world, subject, facts);
            said.sort_by(|a, b| (a.at, a.id, &a.kind).cmp(&(b.at, b.id, &b.kind)));
            let (entries, strangers): (Vec<_>, Vec<_>) =
                said.into_iter().partition(|entry| may_write(world, AccountId(entry.author.id)));
            let link = world.page(subject);
            let mut others: Vec<String> = strangers.into_iter().map(|entry| entry.link).collect();
            let body = may_write(world, subject.author).then(|| text(&subject.body));
            if body.is_none() {
                others.insert(0, link.clone());
            }
            Discussion { link, body, entries, others }
        }))
    }

    async fn checks(&self, pull: PullNumber, head: CommitId, base: &str, named: bool) -> Result<CheckReport, Broken> {
        Ok(self.sim().world(|world| reading::checks(world, (pull, head), base, named)))
    }

    async fn own_comments(&self, pull: PullNumber) -> Result<Vec<OwnComment>, Broken> {
        Ok(self.sim().world(|world| reading::own_comments(world, pull)))
    }

    async fn description(&self, pull: PullNumber) -> Result<String, Broken> {
        let mut sim = self.sim();
        read_pull(&mut sim, pull)?;
        Ok(sim.world(|world| world.subject(pull.0).map(|subject| subject.body.clone()).unwrap_or_default()))
    }

    async fn create_issue(&self, text: &IssueText) -> Performed<CreatedIssue> {
        if let Err(failed) = self.ensure_labels(&mut self.sim(), &text.labels) {
            return failed;
        }
        let by = self.account();
        let new = NewIssue {
            title: text.title.clone(),
            body: text.body.clone(),
            labels: text.labels.iter().map(|(name, _)| name.clone()).collect(),
            assignees: Vec::new(),
        };
        let create = |sim: &mut Miniature| {
            sim.world(|world| {
                writable(world)?;
                let number = world.open_issue(by, new, None)?;
                let subject = world.issue(number).ok_or(Refusal::NotFound)?;
                let (node, author) = (NodeId(subject.node_id.clone()), look::rest(world, subject.author).id);
                Ok(CreatedIssue { number: IssueNumber(number), node, author })
            })
        };
        match self.write(StopPoint::Create, create).await {
            Sent::Answered(Ok(value)) => Performed::Done { value },
            Sent::Answered(Err(error)) => refused(&error),
            Sent::Lost(lost) => unknown(lost.why),
        }
    }

    async fn assign(&self, issue: IssueNumber, login: &str, base: &str) -> Performed<()> {
        match read_issue(&mut self.sim(), issue) {
            Ok((_, true)) => return Performed::Done { value: () },
            Ok((false, false)) => return not_done(format!("{issue} was closed")),
            Ok((true, false)) => {}
            Err(error) => return not_done(error),
        }
        let by = self.account();
        let assign = |sim: &mut Miniature| {
            sim.world(|world| {
                writable(world)?;
                let target_repo = Some(world.full_name().to_owned());
                let told =
                    AgentAssignment { target_repo, base_branch: Some(base.to_owned()), custom_instructions: None };
                world.assign(by, issue.0, &[login.to_owned()], Some(&told))
            })
        };
        match self.write(StopPoint::Assign, assign).await {
            Sent::Lost(lost) => match read_issue(&mut self.sim(), issue) {
                Ok((_, true)) if lost.readable => Performed::Done { value: () },
                Ok(_) | Err(_) => unknown(lost.why),
            },
            Sent::Answered(Err(error)) => match refused(&error) {
                Performed::NotDone { why, refused } if matches!(error.status(), 403 | 404) => {
                    Performed::NotDone { why: format!("{why}; {}", TokenKind::Unknown.for_assigning()), refused }
                }
                other => other,
            },
            Sent::Answered(Ok(())) => {
                if read_issue(&mut self.sim(), issue).is_ok_and(|(_, assigned)| assigned) {
                    return Performed::Done { value: () };
                }
                let about = TokenKind::Unknown.for_assigning();
                let why = format!("GitHub accepted the request and did not assign {login} to {issue}; {about}");
                Performed::NotDone { why, refused: Some(RefusalKind::Other) }
            }
        }
    }

    async fn mark_ready(&self, pull: PullNumber, node: &NodeId) -> Performed<()> {
        match read_pull(&mut self.sim(), pull) {
            Ok(read) if !read.draft => return Performed::Done { value: () },
            Ok(_) => {}
            Err(error) => return not_done(error),
        }
        let by = self.account();
        let mark = |sim: &mut Miniature| {
            sim.world(|world| {
                let found = world.subjects().find(|subject| subject.node_id == node.0 && subject.pull.is_some());
                let number = found.map(|subject| subject.number).ok_or(Refusal::NotFound)?;
                world.mark_ready(by, number)
            })
        };
        let (said, readable, answered) = match self.write(StopPoint::Mark, mark).await {
            Sent::Answered(Ok(())) => (String::new(), true, true),
            Sent::Answered(Err(error)) => (error.message().to_owned(), true, true),
            Sent::Lost(lost) => (lost.why, lost.readable, false),
        };
        match read_pull(&mut self.sim(), pull) {
            Ok(read) if readable && !read.draft => Performed::Done { value: () },
            Ok(_) if answered && !said.is_empty() => {
                Performed::NotDone { why: said, refused: Some(RefusalKind::Other) }
            }
            Ok(_) | Err(_) => unknown(if said.is_empty() { format!("{pull} is still shown as a draft") } else { said }),
        }
    }

    async fn merge(&self, request: &MergeRequest) -> Performed<CommitId> {
        let pull = request.pull;
        match read_pull(&mut self.sim(), pull) {
            Err(error) => return not_done(error),
            Ok(ReadPull { merge: Some(value), .. }) => return Performed::Done { value },
            Ok(read) if !read.open => return not_done(format!("{pull} was closed")),
            Ok(read) if read.head != request.head => {
                return not_done(format!("{pull} has another head than the one that was judged"));
            }
            Ok(_) => {}
        }
        let by = self.account();
        let asked = sim::MergeRequest {
            number: pull.0,
            method: match request.method {
                MergeMethod::Squash => world::MergeMethod::Squash,
                MergeMethod::Merge => world::MergeMethod::Merge,
                MergeMethod::Rebase => world::MergeMethod::Rebase,
            },
            sha: Some(request.head.to_string()),
            title: Some(request.title.clone()),
            message: Some(request.message.clone()),
        };
        let merge = |sim: &mut Miniature| {
            sim.world(|world| writable(world))?;
            sim.merge(by, asked).map(|_| ()).map_err(refusal)
        };
        let sent = self.write(StopPoint::Merge, merge).await;
        let readable = !matches!(&sent, Sent::Lost(lost) if !lost.readable);
        let read = read_pull(&mut self.sim(), pull).ok().filter(|_| readable);
        if let Some(value) = read.and_then(|read| read.merge) {
            return Performed::Done { value };
        }
        match sent {
            Sent::Lost(lost) => unknown(lost.why),
            Sent::Answered(Ok(())) => unknown(format!("{pull} is not shown as merged yet")),
            Sent::Answered(Err(error)) => {
                let moved = error.status() == 409 || error.message().contains("Base branch was modified");
                match refused(&error) {
                    Performed::NotDone { why, refused } => {
                        Performed::NotDone { why, refused: refused.filter(|_| !moved) }
                    }
                    other => other,
                }
            }
        }
    }

    async fn commit(&self, commit: &BranchCommit) -> Performed<CommitId> {
        let by = self.account();
        let written = commit.add.iter().map(|(path, content)| (path.clone(), Some(content.clone())));
        let asked = sim::BranchCommit {
            branch: commit.branch.clone(),
            expected: commit.expected.to_string(),
            message: commit.message.clone(),
            files: written.chain(commit.delete.iter().map(|path| (path.clone(), None))).collect(),
        };
        let made = |sim: &mut Miniature| sim.commit_on_branch(by, asked).map_err(refusal);
        match self.write(StopPoint::Move, made).await {
            Sent::Lost(lost) => unknown(lost.why),
            Sent::Answered(Ok(oid)) => Performed::Done { value: look::commit(&oid) },
            Sent::Answered(Err(error)) => {
                let refused = match &error {
                    Refusal::Conflict(_) => None,
                    Refusal::Forbidden(_) => Some(RefusalKind::Permission),
                    _ => Some(RefusalKind::Other),
                };
                let words = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
                Performed::NotDone { why: format!("GitHub did not commit: {words}"), refused }
            }
        }
    }

    async fn revise_issue(&self, issue: IssueNumber, text: &IssueText) -> Performed<()> {
        match self.issue(issue).await {
            Ok(Some(read)) if read.detail.as_ref().is_some_and(|detail| detail.digest == text.digest()) => {
                return Performed::Done { value: () };
            }
            Ok(Some(_)) => {}
            Ok(None) => return not_done(format!("{issue} is gone")),
            Err(error) => return not_done(error.to_string()),
        }
        let by = self.account();
        let edit = IssueEdit { title: Some(text.title.clone()), body: Some(text.body.clone()), ..IssueEdit::default() };
        let revise =
            |sim: &mut Miniature| sim.world(|world| writable(world).and_then(|()| world.edit_issue(by, issue.0, edit)));
        patched(self.write(StopPoint::Revise, revise).await)
    }

    async fn close_issue(&self, issue: IssueNumber, closing: Closing) -> Performed<()> {
        if read_issue(&mut self.sim(), issue).is_ok_and(|(open, _)| !open) {
            return Performed::Done { value: () };
        }
        let by = self.account();
        let (point, reason) = match closing {
            Closing::Completed => (StopPoint::CloseIssue, Some(StateReason::Completed)),
            Closing::NotPlanned => (StopPoint::CloseDuplicate, Some(StateReason::NotPlanned)),
        };
        let edit = IssueEdit { open: Some(false), reason, ..IssueEdit::default() };
        let close =
            |sim: &mut Miniature| sim.world(|world| writable(world).and_then(|()| world.edit_issue(by, issue.0, edit)));
        patched(self.write(point, close).await)
    }

    async fn close_pull(&self, pull: PullNumber) -> Performed<()> {
        if read_pull(&mut self.sim(), pull).is_ok_and(|read| !read.open) {
            return Performed::Done { value: () };
        }
        let by = self.account();
        let edit = PullEdit { open: Some(false), ..PullEdit::default() };
        let close =
            |sim: &mut Miniature| sim.world(|world| writable(world).and_then(|()| world.edit_pull(by, pull.0, edit)));
        patched(self.write(StopPoint::ClosePull, close).await)
    }

    async fn delete_branch(&self, branch: &str, head: CommitId) -> Performed<()> {
        let (by, expected) = (self.account(), head.to_string());
        let delete = |sim: &mut Miniature| {
            sim.world(|world| writable(world))?;
            sim.delete_branch_at(by, branch, &expected).map_err(refusal)
        };
        let sent = self.write(StopPoint::DeleteBranch, delete).await;
        if matches!(sent, Sent::Answered(Ok(()))) {
            return Performed::Done { value: () };
        }
        match self.sim().world(|world| world.branch(branch).map(look::commit)) {
            None => Performed::Done { value: () },
            Some(found) if found != head => not_done(format!("{branch} moved since it was judged")),
            Some(_) => patched(sent),
        }
    }

    async fn comment(&self, comment: &PullComment) -> Performed<()> {
        let ours = |one: &OwnComment| one.about == comment.about && one.author.id == comment.by;
        if self.sim().world(|world| reading::own_comments(world, comment.pull)).iter().any(ours) {
            return Performed::Done { value: () };
        }
        let (by, number) = (self.account(), comment.pull.0);
        let write = |sim: &mut Miniature| {
            sim.world(|world| writable(world).and_then(|()| world.comment(by, number, &comment.text).map(|_| ())))
        };
        patched(self.write(StopPoint::Comment, write).await)
    }

    async fn unassign(&self, issue: IssueNumber, login: &str) -> Performed<()> {
        match read_issue(&mut self.sim(), issue) {
            Ok((_, false)) => return Performed::Done { value: () },
            Ok((_, true)) => {}
            Err(error) => return not_done(error),
        }
        let by = self.account();
        let write = |sim: &mut Miniature| {
            sim.world(|world| {
                writable(world).and_then(|()| world.unassign(by, issue.0, std::slice::from_ref(&login.to_owned())))
            })
        };
        let sent = self.write(StopPoint::Unassign, write).await;
        let readable = !matches!(&sent, Sent::Lost(lost) if !lost.readable);
        match (read_issue(&mut self.sim(), issue).map(|(_, assigned)| assigned && readable), patched(sent)) {
            (Ok(false), _) if readable => Performed::Done { value: () },
            (Ok(true), Performed::Done { .. }) => {
                let why = format!("GitHub accepted the request and did not unassign {login} from {issue}");
                Performed::NotDone { why, refused: Some(RefusalKind::Other) }
            }
            (_, other) => other,
        }
    }

    async fn update_branch(&self, pull: PullNumber, head: CommitId) -> Performed<()> {
        let by = self.account();
        let write = |sim: &mut Miniature| {
            sim.world(|world| writable(world))?;
            sim.update_branch(by, pull.0, Some(&head.to_string())).map_err(refusal)
        };
        patched(self.write(StopPoint::UpdateBranch, write).await)
    }

    async fn approve(&self, pull: PullNumber, _head: CommitId) -> Performed<()> {
        let by = self.account();
        let write = |sim: &mut Miniature| {
            sim.world(|world| {
                writable(world).and_then(|()| world.review(by, pull.0, ReviewState::Approved, "").map(|_| ()))
            })
        };
        patched(self.write(StopPoint::Approve, write).await)
    }

    async fn rerun(&self, run: u64) -> Performed<()> {
        let by = self.account();
        let write = |sim: &mut Miniature| sim.world(|world| writable(world).and_then(|()| world.rerun(by, run)));
        patched(self.write(StopPoint::Rerun, write).await)
    }

    async fn describe(&self, pull: PullNumber, digest: &str, body: &str) -> Performed<()> {
        match self.description(pull).await {
            Ok(now) if text_digest("", &now) == text_digest("", body) => return Performed::Done { value: () },
            Ok(now) if text_digest("", &now) != digest => {
                return not_done(format!("the description of {pull} was edited meanwhile"));
            }
            Ok(_) => {}
            Err(error) => return not_done(error.to_string()),
        }
        let by = self.account();
        let edit = PullEdit { body: Some(body.to_owned()), ..PullEdit::default() };
        let write =
            |sim: &mut Miniature| sim.world(|world| writable(world).and_then(|()| world.edit_pull(by, pull.0, edit)));
        patched(self.write(StopPoint::Link, write).await)
    }
}

/// A write that is not read back.
pub(super) fn patched(sent: Sent<Result<(), Refusal>>) -> Performed<()> {
    match sent {
        Sent::Answered(Ok(())) => Performed::Done { value: () },
        Sent::Answered(Err(error)) => refused(&error),
        Sent::Lost(lost) => unknown(lost.why),
    }
}
