//! Pages of REST lists and their `Link` header.

use axum::http::header::LINK;
use serde_json::Value;

use super::answer::Answer;
use super::call::Call;

/// The longest page.
const LONGEST: usize = 100;
/// The usual page.
const USUAL: usize = 30;

/// How lists are cut into pages; otherwise than usual only where an accident does so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paging {
    /// The longest page.
    pub longest: usize,
    /// How many entries a list has grown by (or shrunk, below 0) since its first page was read.
    pub shift: isize,
}

impl Default for Paging {
    fn default() -> Paging {
        Paging { longest: LONGEST, shift: 0 }
    }
}

/// One page of a list as the call asks for it, rendered item by item.
pub(super) fn page<T>(call: &Call, api_url: &str, items: &[T], render: impl Fn(&T) -> Value) -> Answer {
    let number = |name: &str| call.query.get(name).and_then(|text| text.parse::<usize>().ok()).filter(|n| *n > 0);
    let size = number("per_page").unwrap_or(USUAL).min(call.paging.longest.max(1));
    let page = number("page").unwrap_or(1);
    let shift = if page > 1 { call.paging.shift } else { 0 };
    let last = items.len().saturating_add_signed(shift).div_ceil(size).max(1);
    let first = (page - 1).saturating_mul(size).saturating_add_signed(-shift);
    let shown: Vec<Value> = items.iter().skip(first).take(size).map(render).collect();
    let mut links = Vec::new();
    let mut link = |to: usize, rel: &str| links.push(format!("<{}>; rel=\"{rel}\"", address(call, api_url, to)));
    if page > 1 {
        link(page - 1, "prev");
    }
    if page < last {
        link(page + 1, "next");
        link(last, "last");
    }
    if page > 1 {
        link(1, "first");
    }
    let answer = Answer::ok(&Value::Array(shown));
    if links.is_empty() { answer } else { answer.with(LINK, &links.join(", ")) }
}

/// The address of another page of the same list.
fn address(call: &Call, api_url: &str, page: usize) -> String {
    let kept = call.raw_query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("page="));
    let query: Vec<String> = kept.map(str::to_owned).chain([format!("page={page}")]).collect();
    format!("{api_url}{}?{}", call.raw_path, query.join("&"))
}
