//! What a document costs, by GitHub's published formula.
//!
//! The requests needed to fill each connection, assuming every `first` and `last` is reached, divided by 100, rounded,
//! at least 1. A list of ids multiplies what is asked of each.

use apollo_compiler::ExecutableDocument;
use apollo_compiler::ast::DirectiveList;
use apollo_compiler::executable::{Field, Operation, Selection, SelectionSet};
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;

/// The points of an operation and the most nodes it can return.
pub(super) fn of(
    document: &Valid<ExecutableDocument>,
    operation: &Operation,
    variables: &Valid<JsonMap>,
) -> (u64, u64) {
    let mut counter = Counter { document, variables, requests: 0, nodes: 0 };
    counter.count(&operation.selection_set, 1);
    let points = counter.requests.saturating_add(50) / 100;
    (points.max(1), counter.nodes)
}

struct Counter<'d> {
    document: &'d Valid<ExecutableDocument>,
    variables: &'d Valid<JsonMap>,
    requests: u64,
    nodes: u64,
}

impl Counter<'_> {
    fn count(&mut self, set: &SelectionSet, times: u64) {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) if self.is_included(&field.directives) => self.field(field, times),
                Selection::InlineFragment(inline) if self.is_included(&inline.directives) => {
                    self.count(&inline.selection_set, times);
                }
                Selection::FragmentSpread(spread) if self.is_included(&spread.directives) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.fragment_name) {
                        self.count(&fragment.selection_set, times);
                    }
                }
                Selection::Field(_) | Selection::InlineFragment(_) | Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn field(&mut self, field: &Field, times: u64) {
        let mut within = times;
        if field.ty().inner_named_type().ends_with("Connection") {
            let size = self.number(field, "first").or_else(|| self.number(field, "last")).unwrap_or(0);
            self.requests = self.requests.saturating_add(times);
            within = times.saturating_mul(size);
            self.nodes = self.nodes.saturating_add(within);
        } else if field.name == "nodes"
            && let Some(ids) = self.length(field, "ids")
        {
            within = times.saturating_mul(ids);
            self.nodes = self.nodes.saturating_add(within);
        }
        self.count(&field.selection_set, within);
    }

    /// An integer argument, from the document or its variables.
    fn number(&self, field: &Field, name: &str) -> Option<u64> {
        let value = field.specified_argument_by_name(name)?;
        match value.as_variable() {
            Some(variable) => self.variables.get(variable.as_str())?.as_u64(),
            None => u64::try_from(value.to_i32()?).ok(),
        }
    }

    /// The length of a list argument.
    fn length(&self, field: &Field, name: &str) -> Option<u64> {
        let value = field.specified_argument_by_name(name)?;
        let length = match value.as_variable() {
            Some(variable) => self.variables.get(variable.as_str())?.as_array()?.len(),
            None => value.as_list()?.len(),
        };
        u64::try_from(length).ok()
    }

    /// What `@include` and `@skip` say.
    fn is_included(&self, directives: &DirectiveList) -> bool {
        let condition = |directive: &str| {
            let value = directives.get(directive)?.specified_argument_by_name("if")?;
            match value.as_variable() {
                Some(variable) => self.variables.get(variable.as_str())?.as_bool(),
                None => value.to_bool(),
            }
        };
        condition("include").unwrap_or(true) && !condition("skip").unwrap_or(false)
    }
}
