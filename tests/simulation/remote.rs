//! The remote and its clone for the engine.
//!
//! **Guarantees**: the clone knows what it fetched or pushed and nothing else; the ledger is one file of JSON in the
//! commits of its ref, changed by compare-and-set under the conditions of [`Ledger::apply`]. Histories are read along
//! first parents, as the clone reads them. Not played in here: a lost ledger that is put back, for a push in memory makes
//! a new commit and can't name an old one.
//! **Races**: whoever pushes first wins; the loser asks its condition again on the new tip, at most five times.

use super::accident::Sent;
use super::{Broken, Folder as DataFolder, Instance, look, planning};
use jiff::Timestamp;
use orchestrator::engine::port::Remote;
use orchestrator::model::{
    Applied, BlobId, CommitId, Folder, HeadDiff, ItemName, Ledger, LedgerChange, LedgerEntry, LedgerMessage,
    MoveLayout, Performed, Planning, Published, PullNumber, QueueMove, RefName, RefusalKind, Signature, Snapshot,
    StopPoint, TipHints, Tips, Trail, Trailers,
};
use orchestrator::sim::{self, Edit, Miniature, Push, PushRule, Pushed, Tree};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// How often a refused push is rebuilt.
const MAX_REBUILDS: u32 = 5;
const LEDGER: &str = "ledger.json";

/// Held while an instance works in its folder.
pub struct Held(DataFolder);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.hold().locked = false;
    }
}

/// What building on a tip came to.
enum Built {
    Commit(Vec<Edit>),
    Already(CommitId),
    Moved(String),
}

/// One publication: which write it is, of which ref, with which words.
struct Publication<'a> {
    point: StopPoint,
    name: RefName,
    message: &'a str,
    signature: &'a Signature,
}

fn ledger_at(sim: &Miniature, tip: CommitId) -> Result<Ledger, Broken> {
    let bytes = sim.read_file(&tip.to_string(), LEDGER).map_err(|error| error.to_string())?;
    let bytes = bytes.ok_or_else(|| format!("{tip} holds no ledger"))?;
    serde_json::from_slice(&bytes).map_err(|error| Broken(error.to_string()))
}

/// Id and message of a commit and of its first parents, newest first.
fn first_parents(sim: &Miniature, tip: CommitId) -> Result<Vec<(String, String)>, Broken> {
    let log = sim.log(&tip.to_string()).map_err(|error| error.to_string())?;
    let mut messages: BTreeMap<String, String> = log.into_iter().collect();
    let (mut line, mut next) = (Vec::new(), Some(tip.to_string()));
    while let Some(oid) = next {
        next = sim.parents(&oid).into_iter().next();
        let message = messages.remove(&oid).ok_or_else(|| format!("{oid} is not in the log of {tip}"))?;
        line.push((oid, message));
    }
    Ok(line)
}

/// Whether a queue folder, or a month below `complete/`, holds the file.
fn holds(tree: &Tree, folder: Folder, name: &ItemName) -> bool {
    let below = format!("{}/", folder.path());
    tree.keys().filter_map(|path| path.strip_prefix(&below)).any(|rest| match rest.split_once('/') {
        None => rest == name.as_str(),
        Some((_, file)) => folder == Folder::Complete && file == name.as_str(),
    })
}

/// What a change comes to where there is this ledger.
fn build_change(known: Option<(CommitId, Ledger)>, change: &LedgerChange, signature: &Signature) -> Built {
    let (tip, applied) = match known {
        None => (None, Ledger::begin(change)),
        Some((tip, ledger)) => (Some(tip), ledger.apply(change, signature.at)),
    };
    match applied {
        Applied::New(ledger) => Built::Commit(vec![Edit::Write {
            path: LEDGER.to_owned(),
            mode: "100644".to_owned(),
            content: serde_json::to_vec(&ledger).expect("a ledger is JSON"),
        }]),
        Applied::Already => tip.map_or_else(|| Built::Moved("there is no ledger".to_owned()), Built::Already),
        Applied::Moved(why) => Built::Moved(why),
    }
}

fn build_move(sim: &Miniature, tip: Option<CommitId>, change: &QueueMove) -> Built {
    let Some(tip) = tip else { return Built::Moved("the mainline is gone".to_owned()) };
    let tree = sim.tree(&tip.to_string()).expect("a tip of the simulator has a tree");
    let (from, to) = (change.from.path_of(&change.name), change.target());
    let wanted = change.blob.to_string();
    match tree.get(&from) {
        None if tree.get(&to).is_some_and(|entry| entry.blob == wanted) => Built::Already(tip),
        None => Built::Moved(format!("{from} is no longer there")),
        Some(entry) if entry.blob != wanted => Built::Moved(format!("{from} was edited")),
        Some(_) => {
            let mut others = Folder::ALL.into_iter().filter(|folder| ![change.from, change.to].contains(folder));
            match (others.find(|folder| tree.contains_key(&folder.path_of(&change.name))), tree.get(&to)) {
                (Some(folder), _) => Built::Moved(format!("{} also lies in {folder}/", change.name)),
                (None, Some(copy)) if copy.blob == wanted => Built::Commit(vec![Edit::Remove { path: from }]),
                (None, Some(_)) => Built::Moved(format!("{} lies in {}/ with other content", change.name, change.to)),
                (None, None) => Built::Commit(vec![Edit::Move { from, to }]),
            }
        }
    }
}

impl Instance {
    fn ledger_at(&self, tip: CommitId) -> Result<Ledger, Broken> {
        if let Some((known, ledger)) = &self.process().ledger
            && *known == tip
        {
            return Ok(ledger.clone());
        }
        let ledger = ledger_at(&self.sim(), tip)?;
        self.process().ledger = Some((tip, ledger.clone()));
        Ok(ledger)
    }

    /// Where a reference of ours stands in the clone.
    fn standing(&self, name: &RefName) -> Option<CommitId> {
        let folder = self.folder();
        if *name == RefName::ledger() { folder.ledger } else { folder.mainline }
    }

    fn record(&self, name: &RefName, to: CommitId) {
        let mut folder = self.folder();
        let slot = if *name == RefName::ledger() { &mut folder.ledger } else { &mut folder.mainline };
        *slot = Some(to);
    }

    /// Asks the remote about one reference and fetches it.
    fn refetch(&self, name: &RefName) -> Option<CommitId> {
        let found = self.sim().world(|world| world.reference(&name.0).map(|state| look::commit(&state.oid)));
        if let Some(found) = found {
            self.record(name, found);
        }
        found
    }

    /// Builds on the tip and publishes.
    async fn publish(
        &self,
        what: Publication<'_>,
        build: impl Fn(Option<CommitId>) -> Result<Built, Broken> + Send + Sync,
    ) -> Performed<Published> {
        let published = |commit, bypassed| Performed::Done { value: Published { commit, bypassed } };
        let identity = &what.signature.identity;
        let signature = sim::Signature { name: identity.name.clone(), email: identity.email.clone() };
        let by = self.account();
        let mut tip = self.standing(&what.name);
        for _ in 0..=MAX_REBUILDS {
            let edits = match build(tip) {
                Ok(Built::Commit(edits)) => edits,
                Ok(Built::Already(commit)) => return published(commit, None),
                Ok(Built::Moved(why)) | Err(Broken(why)) => return Performed::NotDone { why, refused: None },
            };
            let expected = tip.map(|tip| tip.to_string());
            let push = |sim: &mut Miniature| {
                let push = Push {
                    by,
                    reference: &what.name.0,
                    expected: expected.as_deref(),
                    edits: &edits,
                    message: what.message,
                    signature: &signature,
                    at: what.signature.at,
                };
                sim.push(push).expect("a push in memory does not break")
            };
            match self.write(what.point, push).await {
                Sent::Answered(Pushed::Accepted { oid, bypassed }) => {
                    let commit = look::commit(&oid);
                    self.record(&what.name, commit);
                    return published(commit, bypassed);
                }
                Sent::Answered(Pushed::Refused { rule, why }) => {
                    let kind = match rule {
                        PushRule::Permission => RefusalKind::Permission,
                        PushRule::PullRequest => RefusalKind::PullRequest,
                        PushRule::Signatures => RefusalKind::Signatures,
                    };
                    return Performed::NotDone { why, refused: Some(kind) };
                }
                Sent::Answered(Pushed::Stale) => {}
                Sent::Lost(lost) if !lost.readable => return Performed::Unknown { why: lost.why },
                Sent::Lost(lost) => {
                    let found = self.refetch(&what.name);
                    if let (Some(Pushed::Accepted { oid, .. }), Some(found)) = (&lost.made, found)
                        && look::commit(oid) == found
                    {
                        return published(found, None);
                    }
                    if found == tip {
                        return Performed::Unknown { why: lost.why };
                    }
                }
            }
            tip = self.refetch(&what.name);
        }
        let why = format!("{} moved {MAX_REBUILDS} times while it was being changed", what.name);
        Performed::NotDone { why, refused: None }
    }

    fn tips(&self, branch: &str) -> Result<Tips, Broken> {
        let folder = self.folder();
        let mainline = folder.mainline.ok_or_else(|| format!("the remote has no branch {branch}"))?;
        let lost_ledger = folder.lost_ledger.filter(|_| folder.ledger.is_none());
        Ok(Tips { branch: branch.to_owned(), mainline, ledger: folder.ledger, lost_ledger })
    }
}

impl Remote for Instance {
    type Lock = Held;
    type Error = Broken;

    async fn lock(&self) -> Result<Held, Broken> {
        if std::mem::replace(&mut self.folder().locked, true) {
            return Err(Broken("another process holds the folder".to_owned()));
        }
        Ok(Held(self.0.folder.clone()))
    }

    async fn recall(&self) -> Option<Snapshot> {
        self.folder().observation.clone()
    }

    async fn recall_others(&self) -> Option<Snapshot> {
        let ours = self.process().observed;
        let folder = self.folder();
        if ours == folder.observed { None } else { folder.observation.clone() }
    }

    async fn remember(&self, _lock: &Held, snapshot: &Snapshot) -> Result<(), Broken> {
        let mut folder = self.folder();
        (folder.observation, folder.observed) = (Some(snapshot.clone()), folder.observed + 1);
        let observed = folder.observed;
        drop(folder);
        self.process().observed = observed;
        Ok(())
    }

    async fn known_tips(&self) -> Result<Option<Tips>, Broken> {
        let branch = self.process().branch.clone().unwrap_or_else(|| "main".to_owned());
        let folder = self.folder();
        let lost_ledger = folder.lost_ledger.filter(|_| folder.ledger.is_none());
        Ok(folder.mainline.map(|mainline| Tips { branch, mainline, ledger: folder.ledger, lost_ledger }))
    }

    async fn default_branch(&self) -> Result<Option<String>, Broken> {
        let mut sim = self.sim();
        Ok(sim.world(|world| world.branch(world.mainline()).map(|_| world.mainline().to_owned())))
    }

    async fn sync(&self, _lock: &Held, hints: &TipHints) -> Result<Tips, Broken> {
        self.turn().await;
        let known = {
            let folder = self.folder();
            (folder.mainline, folder.ledger)
        };
        let asked = {
            let mut process = self.process();
            process.branch = Some(hints.branch.clone());
            process.ledger_asked
        };
        let ledger_known = hints.ledger.is_some() || (asked && known.1.is_none());
        if hints.mainline.is_some() && (hints.mainline, hints.ledger) == known && ledger_known {
            return self.tips(&hints.branch);
        }
        self.refetch(&RefName::branch(&hints.branch));
        if self.refetch(&RefName::ledger()).is_none() {
            let mut folder = self.folder();
            folder.lost_ledger = folder.ledger.take().or(folder.lost_ledger);
        }
        self.process().ledger_asked = true;
        self.tips(&hints.branch)
    }

    async fn planning(&self, mainline: CommitId) -> Result<Planning, Broken> {
        let sim = self.sim();
        let tree = sim.tree(&mainline.to_string()).map_err(|error| error.to_string())?;
        Ok(planning::read(&sim, &tree))
    }

    async fn policy(&self, mainline: CommitId) -> Result<Option<Vec<u8>>, Broken> {
        let sim = self.sim();
        let tree = sim.tree(&mainline.to_string()).map_err(|error| error.to_string())?;
        let blob = planning::blob_at(&tree, "planning/orchestrator.toml");
        Ok(blob.and_then(|blob| sim.blob(&blob.to_string())).map(|bytes| bytes.to_vec()))
    }

    async fn ledger(&self, tip: CommitId) -> Result<Ledger, Broken> {
        self.ledger_at(tip)
    }

    async fn head_diff(
        &self,
        _lock: &Held,
        pull: PullNumber,
        head: CommitId,
        mainline: CommitId,
    ) -> Result<HeadDiff, Broken> {
        let mut sim = self.sim();
        let (tip, wanted) = (mainline.to_string(), head.to_string());
        let fetched = self.folder().heads.contains(&head) || sim.is_ancestor(&wanted, &tip);
        if !fetched {
            let found = sim.world(|world| world.pull(pull.0).map(|(_, facts)| look::commit(&facts.head_oid)));
            let found = found.ok_or_else(|| format!("{pull} is not there"))?;
            self.folder().heads.insert(found);
            if found != head {
                let why = format!("its head moved to {} while it was looked at", found.short());
                return Ok(planning::unreadable(why));
            }
        }
        Ok(planning::head_diff(&sim, &tip, &wanted))
    }

    async fn item_body(&self, blob: BlobId) -> Result<String, Broken> {
        let bytes = self.sim().blob(&blob.to_string()).ok_or_else(|| format!("{blob} is not there"))?;
        Ok(orchestrator::planning::body(&String::from_utf8_lossy(&bytes)).to_owned())
    }

    async fn whereabouts(
        &self,
        mainline: CommitId,
        name: &ItemName,
        (since, from): (Timestamp, Option<CommitId>),
    ) -> Result<BTreeSet<Folder>, Broken> {
        let mut sim = self.sim();
        let (mut found, mut next) = (BTreeSet::new(), Some(mainline.to_string()));
        while let Some(oid) = next {
            let tree = sim.tree(&oid).map_err(|error| error.to_string())?;
            found.extend(Folder::ALL.into_iter().filter(|folder| holds(&tree, *folder, name)));
            let made = sim.world(|world| world.commit(&oid).map(|commit| commit.committed_at));
            // An hour earlier, for clocks differ.
            let met = from.is_some_and(|from| from.to_string() == oid);
            if met || made.is_some_and(|made| made.as_second() < since.as_second() - 3_600) {
                break;
            }
            next = sim.parents(&oid).into_iter().next();
        }
        Ok(found)
    }

    async fn lay_out(&self, mainline: CommitId, change: &QueueMove) -> Result<MoveLayout, Broken> {
        let sim = self.sim();
        Ok(match build_move(&sim, Some(mainline), change) {
            Built::Already(_) => MoveLayout::Already,
            Built::Moved(why) => MoveLayout::Moved(why),
            Built::Commit(edits) => {
                let moves = edits.iter().any(|edit| matches!(edit, Edit::Move { .. }));
                let content =
                    sim.blob(&change.blob.to_string()).ok_or_else(|| format!("{} is not there", change.blob))?;
                let add = moves.then(|| (change.target(), content.to_vec()));
                MoveLayout::Files { delete: change.from.path_of(&change.name), add }
            }
        })
    }

    async fn is_ancestor(&self, ancestor: CommitId, tip: CommitId) -> Result<bool, Broken> {
        Ok(self.sim().is_ancestor(&ancestor.to_string(), &tip.to_string()))
    }

    async fn trail(&self, mainline: CommitId) -> Result<Vec<Trail>, Broken> {
        let line = first_parents(&self.sim(), mainline)?;
        let told = line
            .iter()
            .filter_map(|(oid, message)| Some(Trail { commit: look::commit(oid), trailers: Trailers::read(message)? }));
        Ok(told.collect())
    }

    async fn reachable(&self, tip: CommitId, commits: &BTreeSet<CommitId>) -> Result<BTreeSet<CommitId>, Broken> {
        let (sim, tip) = (self.sim(), tip.to_string());
        Ok(commits.iter().filter(|commit| sim.is_ancestor(&commit.to_string(), &tip)).copied().collect())
    }

    async fn ledger_log(&self, tip: CommitId, limit: usize) -> Result<Vec<LedgerEntry>, Broken> {
        let mut sim = self.sim();
        let line = first_parents(&sim, tip)?;
        let entries = line.into_iter().take(limit).map(|(oid, message)| LedgerEntry {
            commit: look::commit(&oid),
            at: sim.world(|world| world.commit(&oid).map(|commit| commit.committed_at)).unwrap_or_default(),
            subject: message.lines().next().unwrap_or_default().to_owned(),
            instance: message.lines().rev().find_map(|line| line.strip_prefix("Instance: ")).map(str::to_owned),
        });
        Ok(entries.collect())
    }

    async fn restore_ledger(&self, _lock: &Held, tip: CommitId) -> Performed<CommitId> {
        panic!("that the ledger is put back at {tip} is played on the wire only")
    }

    async fn change_ledger(
        &self,
        _lock: &Held,
        change: &LedgerChange,
        message: &LedgerMessage,
        signature: &Signature,
    ) -> Performed<CommitId> {
        let mut text = format!("{}\n\n", message.subject);
        for (name, value) in &message.trailers {
            writeln!(text, "{name}: {value}").expect("writing to a text can't fail");
        }
        let point = match change {
            LedgerChange::Begin => StopPoint::Baseline,
            // What takes an attempt back belongs to it.
            LedgerChange::Attempt(_) | LedgerChange::Withdraw { .. } => StopPoint::Attempt,
            // What a bind that failed leaves behind belongs to it.
            LedgerChange::Bind { .. } | LedgerChange::Note { .. } => StopPoint::Bind,
            LedgerChange::Restate { .. } => StopPoint::Restate,
            LedgerChange::Redispatch { .. } => StopPoint::Redispatch,
            LedgerChange::Settle(_) => StopPoint::Settle,
        };
        let what = Publication { point, name: RefName::ledger(), message: &text, signature };
        let build = |tip: Option<CommitId>| {
            let known = tip.map(|tip| self.ledger_at(tip).map(|ledger| (tip, ledger))).transpose()?;
            Ok(build_change(known, change, signature))
        };
        self.publish(what, build).await.map(|published| published.commit)
    }

    async fn move_file(
        &self,
        _lock: &Held,
        branch: &str,
        change: &QueueMove,
        signature: &Signature,
    ) -> Performed<Published> {
        let name = RefName::branch(branch);
        let what = Publication { point: StopPoint::Move, name, message: &change.message, signature };
        self.publish(what, |tip| Ok(build_move(&self.sim(), tip, change))).await
    }
}
