//! Accidents: what happens to single requests on their way.
//!
//! Guarantees that an accident is met once, by the first request that it fits, in the order in which they were arranged;
//! without any nothing happens. What GitHub's own rules refuse belongs into the world, not here.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use http_body_util::{Full, Limited};

use super::answer::Answer;
use super::call::Call;

/// What happens to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accident {
    /// Which method.
    pub method: String,
    /// How the path ends; for GraphQL `/graphql`.
    pub path_end: String,
    /// What the body has to contain, for example the name of a GraphQL operation; nothing by default.
    pub body_part: String,
    /// What happens.
    pub kind: AccidentKind,
}

/// The ways a request can go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccidentKind {
    /// A gateway answers before GitHub has seen it: nothing was done.
    Before(u16),
    /// GitHub does what was asked and a gateway answers instead.
    After(u16),
    /// GitHub does what was asked and the connection breaks in the middle of the answer.
    BrokenOff,
    /// This is the answer, and nothing was done: for what GitHub says only under loads that nobody simulates.
    Answer {
        /// The status.
        status: u16,
        /// Headers besides the usual ones.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
}

impl Accident {
    /// An accident on a method and the end of a path.
    pub fn on(method: &str, path_end: &str, kind: AccidentKind) -> Accident {
        Accident { method: method.to_owned(), path_end: path_end.to_owned(), body_part: String::new(), kind }
    }

    fn fits(&self, call: &Call) -> bool {
        let body = String::from_utf8_lossy(&call.body);
        call.method.as_str() == self.method && call.raw_path.ends_with(&self.path_end) && body.contains(&self.body_part)
    }
}

/// Takes the first accident that fits.
pub(super) fn take(arranged: &mut Vec<Accident>, call: &Call) -> Option<AccidentKind> {
    let index = arranged.iter().position(|accident| accident.fits(call))?;
    Some(arranged.remove(index).kind)
}

/// An answer that breaks off: the head is sent, then the connection ends.
pub(super) fn broken_off() -> Response {
    // A body over its limit fails when it is sent; hyper then ends the connection.
    Response::new(Body::new(Limited::new(Full::from("{}"), 1)))
}

/// The answer of a gateway.
pub(super) fn gateway(status: u16) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    Answer { body: "<html><body>Unicorn!</body></html>".into(), ..Answer::empty(status) }
}

/// An answer that was arranged word for word.
pub(super) fn arranged(status: u16, headers: &[(String, String)], body: &str) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut answer = Answer { body: body.to_owned().into(), ..Answer::empty(status) };
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str())) {
            answer.headers.insert(name, value);
        }
    }
    answer
}
