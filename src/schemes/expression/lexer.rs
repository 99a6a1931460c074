//! From the text of an expression to tokens, each with the column where it begins.

use crate::schemes::SelectionError;

/// One token and its column, counted in characters from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) column: usize,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    Close,
    Dot,
    Comma,
    /// `$pass`: the name without its dollar.
    Variable(String),
    /// `'text'`; a quote inside is doubled.
    Text(String),
    Number(u32),
    Name(String),
    /// After the last character.
    End,
}

impl Kind {
    /// For messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Open => "`(`".into(),
            Self::Close => "`)`".into(),
            Self::Dot => "`.`".into(),
            Self::Comma => "`,`".into(),
            Self::Variable(name) => format!("`${}`", shown(name)),
            Self::Text(_) => "a text".into(),
            Self::Number(number) => format!("`{number}`"),
            Self::Name(name) => format!("`{}`", shown(name)),
            Self::End => "the end".into(),
        }
    }
}

/// A word as messages show it: its beginning alone, since what stands where a scheme belongs may be a hash.
pub(super) fn shown(word: &str) -> String {
    const MOST: usize = 20;
    match word.char_indices().nth(MOST) {
        None => word.to_owned(),
        Some((end, _)) => format!("{}…", word.get(..end).unwrap_or_default()),
    }
}

/// Splits the text. The last token is always [`Kind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, SelectionError> {
    let mut characters = text.chars().enumerate().map(|(at, character)| (at + 1, character)).peekable();
    let mut tokens = Vec::new();
    while let Some((column, character)) = characters.next() {
        let mut word = |first: Option<char>| {
            let mut word = String::from_iter(first);
            while let Some((_, more)) =
                characters.next_if(|(_, more)| more.is_ascii_alphanumeric() || *more == '_')
            {
                word.push(more);
            }
            word
        };
        let kind = match character {
            ' ' | '\t' | '\n' | '\r' => continue,
            '(' => Kind::Open,
            ')' => Kind::Close,
            '.' => Kind::Dot,
            ',' => Kind::Comma,
            '$' => Kind::Variable(word(None)),
            '0'..='9' => number(&word(Some(character)), column)?,
            'a'..='z' | 'A'..='Z' => Kind::Name(word(Some(character))),
            '\'' => Kind::Text(quoted(&mut characters, column)?),
            '-' => {
                let message = "a name within an expression has `_` for `-`; texts stand in single quotes";
                return Err(SelectionError { column, message: message.into() });
            }
            _ => {
                let message = format!("`{character}` has no meaning here; texts stand in single quotes");
                return Err(SelectionError { column, message });
            }
        };
        tokens.push(Token { kind, column });
    }
    tokens.push(Token { kind: Kind::End, column: text.chars().count() + 1 });
    Ok(tokens)
}

fn number(digits: &str, column: usize) -> Result<Kind, SelectionError> {
    digits.parse().map(Kind::Number).map_err(|_| SelectionError {
        column,
        message: format!("expected a whole number of up to {}, found `{}`", u32::MAX, shown(digits)),
    })
}

fn quoted(
    characters: &mut std::iter::Peekable<impl Iterator<Item = (usize, char)>>,
    column: usize,
) -> Result<String, SelectionError> {
    let mut text = String::new();
    while let Some((_, character)) = characters.next() {
        if character == '\'' && characters.next_if(|(_, next)| *next == '\'').is_none() {
            return Ok(text);
        }
        text.push(character);
    }
    Err(SelectionError { column, message: "this text has no closing quote".into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let kinds: Vec<_> = tokens("'é' . $x").unwrap().into_iter().map(|t| (t.column, t.kind)).collect();
        assert_eq!(
            kinds,
            [(1, Kind::Text("é".into())), (5, Kind::Dot), (7, Kind::Variable("x".into())), (9, Kind::End)]
        );
    }

    #[test]
    fn a_long_word_is_not_shown_whole() {
        let error = tokens("5f4dcc3b5aa765d61d8327deb882cf99").unwrap_err();
        assert!(error.message.ends_with("found `5f4dcc3b5aa765d61d83…`"), "{error}");
    }

    #[test]
    fn a_quote_inside_a_text_is_doubled() {
        assert_eq!(tokens("'a''b'").unwrap()[0].kind, Kind::Text("a'b".into()));
        assert_eq!(tokens("md5('a").unwrap_err().column, 5);
    }
}
