//! Every path that a source file names outside of its tests: in imports, expressions, types, attributes and macros.

use proc_macro2::{TokenStream, TokenTree};
use std::path::Path;
use syn::visit::{self, Visit};

/// One path, its line counted from 1.
#[derive(Debug)]
pub struct CodePath {
    pub line: usize,
    pub segments: Vec<String>,
    /// The modules that the file is, from the root of the crate.
    module: Vec<String>,
}

impl CodePath {
    /// The top-level module of this crate that it leads to.
    pub fn inner(&self) -> Option<&str> {
        let ups = self.segments.iter().take_while(|segment| *segment == "super").count();
        match self.segments.first().map(String::as_str) {
            Some("crate") => self.segments.get(1).map(String::as_str),
            Some("super") if ups >= self.module.len() => self.segments.get(ups).map(String::as_str),
            Some("super") => self.module.first().map(String::as_str),
            _ => None,
        }
    }

    /// The name that it begins with, where it may be another crate.
    pub fn outer(&self) -> Option<&str> {
        self.segments.first().map(String::as_str).filter(|name| !matches!(*name, "crate" | "super" | "self"))
    }
}

struct Collector {
    module: Vec<String>,
    paths: Vec<CodePath>,
}

/// The paths of a file at this place below `src`.
pub fn of(path: &Path, text: &str) -> Vec<CodePath> {
    let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let module = path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let mut collector = Collector { module, paths: Vec::new() };
    collector.visit_file(&file);
    collector.paths
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test")
    })
}

impl Collector {
    fn add(&mut self, line: usize, segments: Vec<String>) {
        self.paths.push(CodePath { line, segments, module: self.module.clone() });
    }

    fn tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.add(name.ident.span().start().line, with(&name.ident)),
            syn::UseTree::Rename(rename) => self.add(rename.ident.span().start().line, with(&rename.ident)),
            syn::UseTree::Glob(glob) => self.add(glob.star_token.spans[0].start().line, before.to_vec()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(before, item)),
        }
    }

    /// Paths among tokens that nobody has parsed: names joined by `::`.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut line = 1;
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) if path.is_empty() || colons == 2 => {
                    line = name.span().start().line;
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(point) if point.as_char() == ':' => colons += 1,
                other => {
                    self.end(line, &mut path);
                    colons = 0;
                    match other {
                        TokenTree::Ident(name) => {
                            line = name.span().start().line;
                            path.push(name.to_string());
                        }
                        TokenTree::Group(group) => self.tokens(group.stream()),
                        TokenTree::Punct(_) | TokenTree::Literal(_) => {}
                    }
                }
            }
        }
        self.end(line, &mut path);
    }

    fn end(&mut self, line: usize, path: &mut Vec<String>) {
        if path.len() > 1 {
            self.add(line, path.clone());
        }
        path.clear();
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if is_test(&item.attrs) {
            return;
        }
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            self.add(path.segments[0].ident.span().start().line, segments);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.tokens(item.tokens.clone());
        visit::visit_macro(self, item);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
        visit::visit_attribute(self, attribute);
    }
}
