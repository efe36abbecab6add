use crate::canonical::{Block, Message, Request, Role, Shape, System};

/// Text put around every conversation of a route.
///
/// What goes in front of a conversation that providers cache changes its prefix, always in the same
/// way; what is appended to the user's turn comes after it and costs no cache.
///
/// ```
/// use gateway_ai::prompt::Decorator;
///
/// let decorator = Decorator::new().prepend_system("Answer in plain text.");
/// assert!(!decorator.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decorator {
    prepend_system: Option<String>,
    append_system: Option<String>,
    prepend_user: Option<String>,
    append_user: Option<String>,
}

impl Decorator {
    /// Nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// System text before the client's own. Defaults to none.
    #[must_use]
    pub fn prepend_system(mut self, text: impl Into<String>) -> Self {
        self.prepend_system = Some(text.into());
        self
    }

    /// System text after the client's own. Defaults to none.
    #[must_use]
    pub fn append_system(mut self, text: impl Into<String>) -> Self {
        self.append_system = Some(text.into());
        self
    }

    /// Text before the first of the user's turns. Defaults to none.
    #[must_use]
    pub fn prepend_user(mut self, text: impl Into<String>) -> Self {
        self.prepend_user = Some(text.into());
        self
    }

    /// Text after the last of the user's turns. Defaults to none.
    #[must_use]
    pub fn append_user(mut self, text: impl Into<String>) -> Self {
        self.append_user = Some(text.into());
        self
    }

    /// Whether there is nothing to add.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.prepend_system.is_none()
            && self.append_system.is_none()
            && self.prepend_user.is_none()
            && self.append_user.is_none()
    }

    /// Adds the text to a conversation.
    pub fn apply(&self, request: &mut Request) {
        if let Some(text) = &self.prepend_system {
            request.system.insert(0, system(text));
        }
        if let Some(text) = &self.append_system {
            request.system.push(system(text));
        }
        let is_user = |message: &&mut Message| message.role == Role::User;
        if let Some(text) = &self.prepend_user
            && let Some(first) = request.messages.iter_mut().find(is_user)
        {
            // Tool results must stay first in their turn.
            let at = first
                .content
                .iter()
                .take_while(|b| matches!(b, Block::ToolResult(_)))
                .count();
            first.content.insert(at, Block::text(text.as_str()));
            first.shape = Shape::Parts;
        }
        if let Some(text) = &self.append_user
            && let Some(last) = request.messages.iter_mut().rev().find(is_user)
        {
            last.content.push(Block::text(text.as_str()));
            last.shape = Shape::Parts;
        }
    }
}

fn system(text: &str) -> System {
    System {
        parts: vec![Block::text(text)],
        shape: Shape::Text,
        ..System::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;

    #[test]
    fn text_goes_around_the_conversation() {
        let mut request = Request::new(Dialect::Chat, "m");
        request.system.push(system("own"));
        for role in [Role::User, Role::Assistant, Role::User] {
            request
                .messages
                .push(Message::new(role, vec![Block::text("turn")]));
        }
        Decorator::new()
            .prepend_system("a")
            .append_system("b")
            .prepend_user("c")
            .append_user("d")
            .apply(&mut request);
        let texts = |blocks: &[Block]| -> Vec<String> {
            blocks
                .iter()
                .filter_map(|block| block.as_text().map(str::to_owned))
                .collect()
        };
        let system: Vec<_> = request
            .system
            .iter()
            .flat_map(|s| texts(&s.parts))
            .collect();
        assert_eq!(system, ["a", "own", "b"]);
        assert_eq!(texts(&request.messages[0].content), ["c", "turn"]);
        assert_eq!(texts(&request.messages[2].content), ["turn", "d"]);
    }
}
