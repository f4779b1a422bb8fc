//! The simulator's own schema, which is cut by hand, held against GitHub's.
//!
//! **Guarantees**: a document that the simulator takes, GitHub takes, too, and for both it means the same.

use crate::conformance::Deviation;
use apollo_compiler::Schema;
use apollo_compiler::ast::{FieldDefinition, InputValueDefinition};
use apollo_compiler::schema::{Component, ComponentName, ExtendedType, Name};
use apollo_compiler::{Node, collections::IndexMap, collections::IndexSet};
use std::collections::BTreeSet;

/// The schema that the simulator validates documents against.
pub const SIMULATED: &str = include_str!("../../fixtures/github/schema.graphql");

/// Where a schema says something else than the public one.
pub fn deviations(simulated: &Schema, public: &Schema) -> Vec<Deviation> {
    let mut found = Vec::new();
    for (name, ours) in simulated.types.iter().filter(|(_, kind)| !kind.is_built_in()) {
        let mut fault = |why: String| found.push(Deviation { at: format!("schema {name}"), why });
        match (ours, public.types.get(name)) {
            (ExtendedType::Scalar(_), Some(ExtendedType::Scalar(_))) => {}
            (ExtendedType::Object(ours), Some(ExtendedType::Object(theirs))) => {
                beyond(&ours.implements_interfaces, &theirs.implements_interfaces).for_each(&mut fault);
                fields(&ours.fields, &theirs.fields).into_iter().for_each(fault);
            }
            (ExtendedType::Interface(ours), Some(ExtendedType::Interface(theirs))) => {
                beyond(&ours.implements_interfaces, &theirs.implements_interfaces).for_each(&mut fault);
                fields(&ours.fields, &theirs.fields).into_iter().for_each(fault);
            }
            (ExtendedType::Union(ours), Some(ExtendedType::Union(theirs))) => {
                beyond(&ours.members, &theirs.members).for_each(fault);
            }
            (ExtendedType::Enum(ours), Some(ExtendedType::Enum(theirs))) => {
                let names = |of: &IndexMap<Name, _>| of.keys().cloned().collect::<BTreeSet<Name>>();
                let (ours, theirs) = (names(&ours.values), names(&theirs.values));
                ours.symmetric_difference(&theirs).for_each(|value| fault(format!("{value} is not in both")));
            }
            (ExtendedType::InputObject(ours), Some(ExtendedType::InputObject(theirs))) => {
                let plain = |of: &IndexMap<Name, Component<InputValueDefinition>>| {
                    of.values().map(|value| value.node.clone()).collect::<Vec<_>>()
                };
                inputs("", &plain(&ours.fields), &plain(&theirs.fields)).into_iter().for_each(fault);
            }
            (_, other) => fault(format!("at GitHub it is {}", other.map_or("nothing", |_| "of another kind"))),
        }
    }
    found
}

/// Names that only ours has.
fn beyond<'a>(ours: &'a IndexSet<ComponentName>, theirs: &'a IndexSet<ComponentName>) -> impl Iterator<Item = String> {
    ours.iter()
        .filter(|name| !theirs.contains(*name))
        .map(|name| format!("at GitHub it has nothing to do with {}", name.name))
}

fn fields(
    ours: &IndexMap<Name, Component<FieldDefinition>>,
    theirs: &IndexMap<Name, Component<FieldDefinition>>,
) -> Vec<String> {
    let mut found = Vec::new();
    for (name, field) in ours {
        let Some(public) = theirs.get(name) else {
            found.push(format!("GitHub has no {name}"));
            continue;
        };
        if field.ty != public.ty {
            found.push(format!("{name} is {}, at GitHub {}", field.ty, public.ty));
        }
        found.extend(inputs(name, &field.arguments, &public.arguments));
    }
    found
}

/// Arguments of a field, or fields of an input.
fn inputs(of: &str, ours: &[Node<InputValueDefinition>], theirs: &[Node<InputValueDefinition>]) -> Vec<String> {
    let mut found = Vec::new();
    for input in ours {
        match theirs.iter().find(|other| other.name == input.name) {
            None => found.push(format!("{of} takes no {} at GitHub", input.name)),
            Some(other) if other.ty != input.ty || other.default_value != input.default_value => {
                found.push(format!("{of} {} is {input}, at GitHub {other}", input.name));
            }
            Some(_) => {}
        }
    }
    let needed = theirs.iter().filter(|other| other.is_required());
    let absent = needed.filter(|other| !ours.iter().any(|input| input.name == other.name));
    found.extend(absent.map(|other| format!("{of} needs {} at GitHub", other.name)));
    found
}
