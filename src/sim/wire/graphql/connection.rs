//! Connections: pages of a list with opaque cursors.
//!
//! Guarantees that a cursor stays good while the list changes: it names a position in the order, not an index.

use std::collections::BTreeMap;

use apollo_compiler::resolvers::{FieldError, ResolveInfo, ResolvedValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::node::{Node, Object, View, typed_error};

/// A place in the order of a list: what it is ordered by, then an id.
pub(super) type Place = (i64, u64);

/// The largest page that GitHub gives.
const LARGEST: i64 = 100;

/// One page of a list, and what is around it.
#[derive(Clone)]
pub(super) struct Connection<'w> {
    pub view: View<'w>,
    pub type_name: &'static str,
    pub total: usize,
    pub before: bool,
    pub after: bool,
    pub items: Vec<(Place, Object<'w>)>,
    /// How often each state occurs among all checks, not only those of the page.
    pub checks: BTreeMap<&'static str, u64>,
}

/// The type of a connection and its whole list, in order.
pub(super) struct List<'w> {
    pub type_name: &'static str,
    pub items: Vec<(Place, Object<'w>)>,
    pub descending: bool,
}

impl<'w> List<'w> {
    /// A list in the order of ids.
    pub fn by_id(type_name: &'static str, items: impl IntoIterator<Item = (u64, Object<'w>)>) -> List<'w> {
        let items = items.into_iter().map(|(id, object)| ((0, id), object)).collect();
        List { type_name, items, descending: false }
    }

    /// A list in the order given.
    pub fn as_given(type_name: &'static str, items: impl IntoIterator<Item = Object<'w>>) -> List<'w> {
        List::by_id(type_name, (0_u64..).zip(items))
    }

    /// The page that the arguments ask for.
    pub fn page<'a>(self, view: View<'w>, info: &ResolveInfo<'_>) -> Result<ResolvedValue<'a>, FieldError>
    where
        'w: 'a,
    {
        let name = info.field_name();
        let first = bounded(info, "first")?;
        let last = bounded(info, "last")?;
        if first.is_none() && last.is_none() {
            return Err(typed_error(
                "MISSING_PAGINATION_BOUNDARIES",
                &format!("You must provide a `first` or `last` value to properly paginate the `{name}` connection."),
            ));
        }
        let mut checks = BTreeMap::new();
        for (_, object) in &self.items {
            if let Object::CheckRun(check) = object {
                *checks.entry(check.result.conclusion().unwrap_or("IN_PROGRESS")).or_insert(0) += 1;
            }
        }
        let total = self.items.len();
        let beyond = |place: Place, mark: Place| {
            if self.descending { place < mark } else { place > mark }
        };
        let (after, before) = (cursor(info, "after")?, cursor(info, "before")?);
        let mut items = self.items;
        if let Some(mark) = after {
            items.retain(|(place, _)| beyond(*place, mark));
        }
        let cut_front = total - items.len();
        if let Some(mark) = before {
            items.retain(|(place, _)| *place != mark && !beyond(*place, mark));
        }
        let cut_back = total - cut_front - items.len();
        let (mut has_before, mut has_after) = (cut_front > 0, cut_back > 0);
        if let Some(first) = first
            && items.len() > first
        {
            items.truncate(first);
            has_after = true;
        }
        if let Some(last) = last
            && items.len() > last
        {
            items.drain(..items.len() - last);
            has_before = true;
        }
        let type_name = self.type_name;
        Ok(ResolvedValue::object(Node {
            view,
            object: Object::Connection(Connection {
                view,
                type_name,
                total,
                before: has_before,
                after: has_after,
                items,
                checks,
            }),
        }))
    }
}

impl<'w> Connection<'w> {
    /// A field of the connection.
    pub fn field<'a>(&'a self, info: &ResolveInfo<'_>) -> Option<ResolvedValue<'a>> {
        let view = self.view;
        Some(match info.field_name() {
            "totalCount" => ResolvedValue::leaf(u64::try_from(self.total).unwrap_or(u64::MAX)),
            "pageInfo" => ResolvedValue::object(Node { view, object: Object::PageInfo(self.page_info()) }),
            "nodes" => {
                let nodes = self
                    .items
                    .iter()
                    .map(move |(_, object)| ResolvedValue::object(Node { view, object: object.clone() }));
                ResolvedValue::list(nodes)
            }
            "checkRunCount" => ResolvedValue::leaf(self.checks.values().sum::<u64>()),
            "checkRunCountsByState" => {
                let counts = self.checks.iter().map(move |(state, count)| {
                    ResolvedValue::object(Node { view, object: Object::CheckCount(state, *count) })
                });
                ResolvedValue::list(counts)
            }
            "statusContextCount" => ResolvedValue::leaf(0_u64),
            "statusContextCountsByState" => ResolvedValue::list([]),
            _ => return None,
        })
    }

    /// Where the page begins and ends.
    fn page_info(&self) -> PageInfo {
        let cursor = |item: Option<&(Place, Object<'w>)>| item.map(|(place, _)| write_cursor(*place));
        PageInfo {
            before: self.before,
            after: self.after,
            start: cursor(self.items.first()),
            end: cursor(self.items.last()),
        }
    }
}

/// Where a page begins and ends, and whether there is more.
#[derive(Clone)]
pub(super) struct PageInfo {
    before: bool,
    after: bool,
    start: Option<String>,
    end: Option<String>,
}

impl PageInfo {
    /// A field of `pageInfo`.
    pub fn field<'a>(&self, info: &ResolveInfo<'_>) -> Option<ResolvedValue<'a>> {
        Some(match info.field_name() {
            "hasNextPage" => ResolvedValue::leaf(self.after),
            "hasPreviousPage" => ResolvedValue::leaf(self.before),
            "startCursor" => ResolvedValue::leaf(self.start.clone()),
            "endCursor" => ResolvedValue::leaf(self.end.clone()),
            _ => return None,
        })
    }
}

/// `first` or `last`, within GitHub's bounds.
fn bounded(info: &ResolveInfo<'_>, name: &str) -> Result<Option<usize>, FieldError> {
    let Some(number) = info.arguments().get(name).and_then(|value| value.as_i64()) else {
        return Ok(None);
    };
    let field = info.field_name();
    if number > LARGEST {
        let message = format!(
            "Requesting {number} records on the `{field}` connection exceeds the `{name}` limit of {LARGEST} records."
        );
        return Err(typed_error("EXCESSIVE_PAGINATION", &message));
    }
    usize::try_from(number).map(Some).map_err(|_| {
        typed_error("INVALID_PAGINATION", &format!("`{name}` on the `{field}` connection cannot be less than zero."))
    })
}

/// The place that a cursor argument names.
fn cursor(info: &ResolveInfo<'_>, name: &str) -> Result<Option<Place>, FieldError> {
    let Some(text) = info.arguments().get(name).and_then(|value| value.as_str()) else {
        return Ok(None);
    };
    read_cursor(text).map(Some).ok_or_else(|| {
        typed_error("INVALID_CURSOR_ARGUMENTS", &format!("`{text}` does not appear to be a valid cursor."))
    })
}

fn write_cursor((first, id): Place) -> String {
    STANDARD.encode(format!("cursor:v2:{first}:{id}"))
}

fn read_cursor(text: &str) -> Option<Place> {
    let decoded = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
    let (first, id) = decoded.strip_prefix("cursor:v2:")?.split_once(':')?;
    Some((first.parse().ok()?, id.parse().ok()?))
}
