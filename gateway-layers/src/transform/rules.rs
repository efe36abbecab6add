use http::StatusCode;
use serde_json::Value;

/// Pairs in the order they were given.
type Pairs<V = String> = Vec<(String, V)>;

/// What to change in requests. Applied as removals, renames, sets, additions; texts are checked
/// when the layer is built.
#[derive(Clone, Debug, Default)]
pub struct RequestRules {
    pub(super) headers: HeaderRules,
    pub(super) remove_query: Vec<String>,
    pub(super) rename_query: Pairs,
    pub(super) set_query: Pairs,
    pub(super) add_query: Pairs,
    pub(super) strip_prefix: Option<String>,
    pub(super) add_prefix: Option<String>,
    pub(super) path: Option<String>,
    pub(super) json: JsonRules,
}

/// What to change in responses. Applied as removals, renames, sets, additions; texts are checked
/// when the layer is built.
#[derive(Clone, Debug, Default)]
pub struct ResponseRules {
    pub(super) headers: HeaderRules,
    pub(super) status: Vec<(StatusCode, StatusCode)>,
    pub(super) json: JsonRules,
}

#[derive(Clone, Debug, Default)]
pub(super) struct HeaderRules {
    pub(super) remove: Vec<String>,
    pub(super) rename: Pairs,
    pub(super) set: Pairs,
    pub(super) add: Pairs,
}

#[derive(Clone, Debug, Default)]
pub(super) struct JsonRules {
    pub(super) remove: Vec<String>,
    pub(super) rename: Pairs,
    pub(super) set: Pairs<Value>,
    pub(super) add: Pairs<Value>,
}

macro_rules! shared_setters {
    () => {
        /// No rules.
        #[must_use]
        pub fn new() -> Self {
            Self::default()
        }

        /// Removes a header.
        #[must_use]
        pub fn remove_header(mut self, name: impl Into<String>) -> Self {
            self.headers.remove.push(name.into());
            self
        }

        /// Renames a header, in place of one that has the new name already.
        #[must_use]
        pub fn rename_header(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
            self.headers.rename.push((from.into(), to.into()));
            self
        }

        /// Sets a header to a [template](super#templates). Without a value the header is removed.
        #[must_use]
        pub fn set_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.headers.set.push((name.into(), value.into()));
            self
        }

        /// Adds a header line with a [template](super#templates), beside those there are.
        #[must_use]
        pub fn add_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.headers.add.push((name.into(), value.into()));
            self
        }

        /// Removes a JSON member or element, by pointer (RFC 6901).
        #[must_use]
        pub fn remove_json(mut self, pointer: impl Into<String>) -> Self {
            self.json.remove.push(pointer.into());
            self
        }

        /// Moves a JSON value (RFC 6902 `move`); renames, if both are members of one object.
        #[must_use]
        pub fn rename_json(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
            self.json.rename.push((from.into(), to.into()));
            self
        }

        /// Gives a place in the JSON document a value, making the objects on the way to it.
        #[must_use]
        pub fn set_json(mut self, pointer: impl Into<String>, value: impl Into<Value>) -> Self {
            self.json.set.push((pointer.into(), value.into()));
            self
        }

        /// Adds a JSON value (RFC 6902 `add`): inserts into an array, `-` being its end, or sets a
        /// member of an object that exists.
        #[must_use]
        pub fn add_json(mut self, pointer: impl Into<String>, value: impl Into<Value>) -> Self {
            self.json.add.push((pointer.into(), value.into()));
            self
        }
    };
}

impl RequestRules {
    shared_setters!();

    /// Removes a query parameter.
    #[must_use]
    pub fn remove_query(mut self, name: impl Into<String>) -> Self {
        self.remove_query.push(name.into());
        self
    }

    /// Renames a query parameter, in place of one that has the new name already.
    #[must_use]
    pub fn rename_query(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.rename_query.push((from.into(), to.into()));
        self
    }

    /// Sets a query parameter to a [template](super#templates). Without a value it is removed.
    #[must_use]
    pub fn set_query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set_query.push((name.into(), value.into()));
        self
    }

    /// Adds a query parameter with a [template](super#templates), beside those there are.
    #[must_use]
    pub fn add_query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.add_query.push((name.into(), value.into()));
        self
    }

    /// Takes whole segments off the front of the path. A path without them stays what it is.
    #[must_use]
    pub fn strip_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.strip_prefix = Some(prefix.into());
        self
    }

    /// Puts segments in front of the path, after stripping.
    #[must_use]
    pub fn add_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.add_prefix = Some(prefix.into());
        self
    }

    /// Replaces the path, with the parameters of the route for `{name}` and `{*name}`; not together
    /// with a prefix.
    #[must_use]
    pub fn path(mut self, template: impl Into<String>) -> Self {
        self.path = Some(template.into());
        self
    }
}

impl ResponseRules {
    shared_setters!();

    /// Answers with status `to` what came with status `from`.
    #[must_use]
    pub fn status(mut self, from: StatusCode, to: StatusCode) -> Self {
        self.status.push((from, to));
        self
    }
}
