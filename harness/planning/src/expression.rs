//! Expressions in specs: numbers and names with `+ - * /` and parentheses, and comparisons of two of them.
//!
//! `fit` has products of unknowns ([`crate::spec::Expression`]), `assert` compares numbers of cells. A name is a path of up to three words
//! with points between them: `slowdown`, `Gaia.seconds_to_target`, `"MF, full speed".Gaia.clocks`. A word has letters, digits, `_` and `-`,
//! with a letter first, or is in quotes, single or double ones. A `-` between two letters or digits belongs to the word, so that a
//! difference has spaces: `a - b`.
//!
//! Only form is here: what names stand for is known to those who use them.

use std::fmt;

use thiserror::Error;

/// The most words and signs of an expression.
const MAX_TOKENS: usize = 1_000;
/// The most parentheses and signs inside each other.
const MAX_DEPTH: usize = 32;
/// The most words of a path.
const MAX_WORDS: usize = 3;

/// An expression with a number as its value.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// A number that is not negative.
    Number(f64),
    /// A name: one to three words.
    Path(Vec<String>),
    /// The negative of a term.
    Negative(Box<Term>),
    /// Two terms with an operator between them.
    Of(Box<Term>, Operator, Box<Term>),
}

/// The operators between terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `+`.
    Plus,
    /// `-`.
    Minus,
    /// `*`.
    Times,
    /// `/`.
    Over,
}

/// The relations between two terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `<`.
    Below,
    /// `<=`.
    AtMost,
    /// `>`.
    Above,
    /// `>=`.
    AtLeast,
}

/// A comparison of two terms.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// As written, without spaces around it.
    pub text: String,
    /// The term on the left.
    pub left: Term,
    /// The relation that is asserted.
    pub relation: Relation,
    /// The term on the right.
    pub right: Term,
}

/// A text that is no expression.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("found {found} at character {at} of `{text}`, expected {expected}")]
pub struct ExpressionError {
    /// The whole text.
    pub text: String,
    /// The character at which it is wrong, counted from 1.
    pub at: usize,
    /// What is there.
    pub found: String,
    /// What could be there.
    pub expected: &'static str,
}

impl Operator {
    fn of(self, left: f64, right: f64) -> f64 {
        match self {
            Operator::Plus => left + right,
            Operator::Minus => left - right,
            Operator::Times => left * right,
            Operator::Over => left / right,
        }
    }
}

impl Term {
    /// The term that a text is.
    ///
    /// # Errors
    /// [`ExpressionError`] at the first character that is wrong.
    pub fn parse(text: &str) -> Result<Term, ExpressionError> {
        let mut parser = Parser::of(text)?;
        let term = parser.sum()?;
        parser.end("an operator (`+`, `-`, `*`, `/`) or the end")?;
        Ok(term)
    }

    /// Its value, with those of names. `None` means that a name has none.
    pub fn value(&self, of: &dyn Fn(&[String]) -> Option<f64>) -> Option<f64> {
        Some(match self {
            Term::Number(number) => *number,
            Term::Path(words) => of(words)?,
            Term::Negative(term) => -term.value(of)?,
            Term::Of(left, operator, right) => operator.of(left.value(of)?, right.value(of)?),
        })
    }

    /// The names in it, in order, with repetitions.
    pub fn paths(&self) -> Vec<&[String]> {
        match self {
            Term::Number(_) => Vec::new(),
            Term::Path(words) => vec![words],
            Term::Negative(term) => term.paths(),
            Term::Of(left, _, right) => left.paths().into_iter().chain(right.paths()).collect(),
        }
    }

    /// The product of the numbers that the whole term is multiplied with or divided by: 0.4 of `0.4 * x`; 1 of `x`.
    pub fn factor(&self) -> f64 {
        match self {
            Term::Number(number) => *number,
            Term::Path(_) | Term::Of(_, Operator::Plus | Operator::Minus, _) => 1.0,
            Term::Negative(term) => -term.factor(),
            Term::Of(left, Operator::Times, right) => left.factor() * right.factor(),
            Term::Of(left, Operator::Over, right) => left.factor() / right.factor(),
        }
    }
}

impl Comparison {
    /// The comparison that a text is.
    ///
    /// # Errors
    /// [`ExpressionError`] at the first character that is wrong.
    pub fn parse(text: &str) -> Result<Comparison, ExpressionError> {
        let mut parser = Parser::of(text)?;
        let left = parser.sum()?;
        let relation = parser.relation()?;
        let right = parser.sum()?;
        parser.end("an operator (`+`, `-`, `*`, `/`) or the end: one comparison at a time")?;
        Ok(Comparison { text: text.trim().to_owned(), left, relation, right })
    }

    /// The names in it, in order, with repetitions.
    pub fn paths(&self) -> Vec<&[String]> {
        self.left.paths().into_iter().chain(self.right.paths()).collect()
    }
}

impl Relation {
    /// The same with its sides exchanged: `a < b` is `b > a`.
    pub fn reversed(self) -> Relation {
        match self {
            Relation::Below => Relation::Above,
            Relation::AtMost => Relation::AtLeast,
            Relation::Above => Relation::Below,
            Relation::AtLeast => Relation::AtMost,
        }
    }
}

/// A word or a sign.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(f64),
    Path(Vec<String>),
    Sign(char),
    Relation(Relation),
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Number(number) => write!(f, "`{number}`"),
            Token::Path(words) => write!(f, "`{}`", words.join(".")),
            Token::Sign(sign) => write!(f, "`{sign}`"),
            Token::Relation(Relation::Below) => f.write_str("`<`"),
            Token::Relation(Relation::AtMost) => f.write_str("`<=`"),
            Token::Relation(Relation::Above) => f.write_str("`>`"),
            Token::Relation(Relation::AtLeast) => f.write_str("`>=`"),
        }
    }
}

/// Tokens by recursive descent: sums of products of atoms.
struct Parser<'a> {
    text: &'a str,
    /// With the characters at which they begin, from 0.
    tokens: Vec<(usize, Token)>,
    next: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn of(text: &'a str) -> Result<Self, ExpressionError> {
        let text = text.trim();
        Ok(Parser { text, tokens: Lexer::of(text).tokens()?, next: 0, depth: 0 })
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn wrong(&self, expected: &'static str) -> ExpressionError {
        let text = self.text.to_owned();
        match self.tokens.get(self.next) {
            Some((at, token)) => ExpressionError { text, at: at + 1, found: token.to_string(), expected },
            None => ExpressionError { at: text.chars().count() + 1, text, found: "the end".into(), expected },
        }
    }

    fn end(&self, expected: &'static str) -> Result<(), ExpressionError> {
        if self.peek().is_none() { Ok(()) } else { Err(self.wrong(expected)) }
    }

    fn relation(&mut self) -> Result<Relation, ExpressionError> {
        let Some(Token::Relation(relation)) = self.peek() else {
            return Err(self.wrong("a comparison, `<`, `<=`, `>` or `>=`"));
        };
        let relation = *relation;
        self.next += 1;
        Ok(relation)
    }

    /// The operator that is next, if it is one of these.
    fn operator(&mut self, among: &[(char, Operator)]) -> Option<Operator> {
        let Some(Token::Sign(sign)) = self.peek() else { return None };
        let operator = among.iter().find(|(known, _)| known == sign).map(|(_, operator)| *operator)?;
        self.next += 1;
        Some(operator)
    }

    fn sum(&mut self) -> Result<Term, ExpressionError> {
        let mut term = self.product()?;
        while let Some(operator) = self.operator(&[('+', Operator::Plus), ('-', Operator::Minus)]) {
            term = Term::Of(Box::new(term), operator, Box::new(self.product()?));
        }
        Ok(term)
    }

    fn product(&mut self) -> Result<Term, ExpressionError> {
        let mut term = self.atom()?;
        while let Some(operator) = self.operator(&[('*', Operator::Times), ('/', Operator::Over)]) {
            term = Term::Of(Box::new(term), operator, Box::new(self.atom()?));
        }
        Ok(term)
    }

    fn atom(&mut self) -> Result<Term, ExpressionError> {
        if self.depth == MAX_DEPTH {
            return Err(self.wrong("at most 32 parentheses and signs inside each other"));
        }
        let term = match self.peek() {
            Some(Token::Number(number)) => Term::Number(*number),
            Some(Token::Path(words)) => Term::Path(words.clone()),
            Some(Token::Sign('-')) => {
                self.next += 1;
                self.depth += 1;
                let term = self.atom()?;
                self.depth -= 1;
                return Ok(Term::Negative(Box::new(term)));
            }
            Some(Token::Sign('(')) => {
                self.next += 1;
                self.depth += 1;
                let term = self.sum()?;
                self.depth -= 1;
                if self.peek() != Some(&Token::Sign(')')) {
                    return Err(self.wrong("an operator (`+`, `-`, `*`, `/`) or `)`"));
                }
                term
            }
            _ => return Err(self.wrong("a number, a name such as `Gaia.clocks`, or `(`")),
        };
        self.next += 1;
        Ok(term)
    }
}

/// Characters to tokens.
struct Lexer<'a> {
    text: &'a str,
    characters: Vec<char>,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn of(text: &'a str) -> Self {
        Lexer { text, characters: text.chars().collect(), at: 0 }
    }

    fn here(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.at + ahead).copied()
    }

    fn wrong(&self, at: usize, expected: &'static str) -> ExpressionError {
        let shown = |c: &char| if c.is_control() { format!("`{}`", c.escape_unicode()) } else { format!("`{c}`") };
        let found = self.characters.get(at).map_or_else(|| "the end".into(), shown);
        ExpressionError { text: self.text.to_owned(), at: at + 1, found, expected }
    }

    fn tokens(mut self) -> Result<Vec<(usize, Token)>, ExpressionError> {
        let mut tokens = Vec::new();
        while let Some(c) = self.here(0) {
            if c.is_whitespace() {
                self.at += 1;
                continue;
            }
            if tokens.len() == MAX_TOKENS {
                return Err(self.wrong(self.at, "the end: at most 1,000 words and signs"));
            }
            let begun = self.at;
            tokens.push((begun, self.token(c)?));
        }
        Ok(tokens)
    }

    fn token(&mut self, c: char) -> Result<Token, ExpressionError> {
        match c {
            '+' | '-' | '*' | '/' | '(' | ')' => {
                self.at += 1;
                Ok(Token::Sign(c))
            }
            '<' | '>' => {
                let or_equal = self.here(1) == Some('=');
                self.at += if or_equal { 2 } else { 1 };
                Ok(Token::Relation(match (c, or_equal) {
                    ('<', false) => Relation::Below,
                    ('<', true) => Relation::AtMost,
                    (_, false) => Relation::Above,
                    (_, true) => Relation::AtLeast,
                }))
            }
            '0'..='9' | '.' => self.number(),
            _ => self.path(),
        }
    }

    fn number(&mut self) -> Result<Token, ExpressionError> {
        let begun = self.at;
        let digits = |lexer: &mut Self| {
            while lexer.here(0).is_some_and(|c| c.is_ascii_digit()) {
                lexer.at += 1;
            }
        };
        digits(self);
        if self.here(0) == Some('.') {
            self.at += 1;
            digits(self);
        }
        if self.here(0).is_some_and(|c| c == 'e' || c == 'E') {
            let sign = usize::from(self.here(1).is_some_and(|c| c == '+' || c == '-'));
            if self.here(1 + sign).is_some_and(|c| c.is_ascii_digit()) {
                self.at += 1 + sign;
                digits(self);
            }
        }
        let text: String = self.characters[begun..self.at].iter().collect();
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        number.map(Token::Number).ok_or_else(|| self.wrong(begun, "a number such as `0.4` or `12e6`"))
    }

    fn path(&mut self) -> Result<Token, ExpressionError> {
        let mut words = vec![self.word()?];
        while self.here(0) == Some('.') {
            if words.len() == MAX_WORDS {
                return Err(self.wrong(self.at, "at most three words, `panel.cell.column`"));
            }
            self.at += 1;
            words.push(self.word()?);
        }
        Ok(Token::Path(words))
    }

    fn word(&mut self) -> Result<String, ExpressionError> {
        let begun = self.at;
        match self.here(0) {
            Some(quote @ ('"' | '\'')) => {
                let inside = &self.characters[begun + 1..];
                let Some(length) = inside.iter().position(|c| *c == quote) else {
                    return Err(self.wrong(begun, "the quote at the end of the name, too"));
                };
                self.at += length + 2;
                if length == 0 {
                    return Err(self.wrong(begun, "a name in the quotes"));
                }
                Ok(inside[..length].iter().collect())
            }
            Some(c) if c.is_alphabetic() => {
                let is_inside = |c: char| c.is_alphanumeric() || c == '_';
                while self.here(0).is_some_and(is_inside)
                    || (self.here(0) == Some('-') && self.here(1).is_some_and(is_inside))
                {
                    self.at += 1;
                }
                Ok(self.characters[begun..self.at].iter().collect())
            }
            _ => {
                Err(self
                    .wrong(begun, "a number, an operator, or a name (in quotes where it is not of letters and digits)"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> f64 {
        let known = |words: &[String]| match words.join(".").as_str() {
            "a" => Some(12.0),
            "b-c" => Some(3.0),
            "Gaia.x" => Some(2.0),
            "Baseline, packed.x" => Some(8.0),
            "MF.Baseline, packed.x" => Some(5.0),
            _ => None,
        };
        Term::parse(text).unwrap().value(&known).unwrap()
    }

    #[test]
    fn operators_bind_as_in_arithmetic() {
        for (text, expected) in [
            ("1 + 2 * 3", 7.0),
            ("(1 + 2) * 3", 9.0),
            ("8 / 4 / 2", 1.0),
            ("8 - 4 - 2", 2.0),
            ("-2 * -3", 6.0),
            ("1 - -1", 2.0),
            ("a/b-c", 4.0),
            ("a - 2", 10.0),
            (".5 + 5. + 1e3 + 2E-1", 1005.7),
            ("0.4 * Gaia.x", 0.8),
            ("\"Baseline, packed\".x", 8.0),
            ("MF.'Baseline, packed'.x", 5.0),
        ] {
            assert!((value(text) - expected).abs() < 1e-12, "{text}: {}", value(text));
        }
        assert_eq!(Term::parse("none.x").unwrap().value(&|_| None), None);
    }

    #[test]
    fn factors_are_the_numbers_that_a_term_is_multiplied_with() {
        for (text, expected) in
            [("0.4 * x", 0.4), ("x / 4", 0.25), ("x", 1.0), ("2 * (x + 1) * 3", 6.0), ("x - 2", 1.0), ("-2 * x", -2.0)]
        {
            assert_eq!(Term::parse(text).unwrap().factor(), expected, "{text}");
        }
    }

    #[test]
    fn comparisons_have_two_sides() {
        let parsed = Comparison::parse(" Gaia.seconds_to_target < 0.4 * Baseline.seconds_to_target ").unwrap();
        assert_eq!(parsed.text, "Gaia.seconds_to_target < 0.4 * Baseline.seconds_to_target");
        assert_eq!(parsed.relation, Relation::Below);
        let paths: Vec<String> = parsed.paths().into_iter().map(|words| words.join(".")).collect();
        assert_eq!(paths, ["Gaia.seconds_to_target", "Baseline.seconds_to_target"]);
        for (text, relation) in [("1<=2", Relation::AtMost), ("1 > 2", Relation::Above), ("1>=2", Relation::AtLeast)] {
            assert_eq!(Comparison::parse(text).unwrap().relation, relation);
            assert_eq!(relation.reversed().reversed(), relation);
        }
    }

    #[test]
    fn mistakes_have_a_place_and_an_expectation() {
        for (text, message) in [
            ("", "found the end at character 1 of ``, expected a number, a name"),
            ("a +", "found the end at character 4"),
            ("2a", "found `a` at character 2 of `2a`, expected an operator"),
            ("a b", "found `b` at character 3"),
            ("(a", "found the end at character 3 of `(a`, expected an operator (`+`, `-`, `*`, `/`) or `)`"),
            ("a ? b", "found `?` at character 3"),
            ("\"a", "found `\"` at character 1 of `\"a`, expected the quote at the end"),
            ("''", "expected a name in the quotes"),
            ("a.b.c.d", "found `.` at character 6 of `a.b.c.d`, expected at most three words"),
            ("a.", "found the end at character 3"),
            ("1e999", "found `1` at character 1 of `1e999`, expected a number such as"),
            ("a < b", "found `<` at character 3 of `a < b`, expected an operator"),
        ] {
            let error = Term::parse(text).unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
        for (text, message) in [
            ("a", "expected a comparison, `<`, `<=`, `>` or `>=`"),
            ("a = b", "found `=` at character 3"),
            (
                "a < b < c",
                "found `<` at character 7 of `a < b < c`, expected an operator (`+`, `-`, `*`, `/`) or the end: one",
            ),
        ] {
            let error = Comparison::parse(text).unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn limits_are_reported() {
        let deep = format!("{}a{}", "(".repeat(40), ")".repeat(40));
        assert!(Term::parse(&deep).unwrap_err().to_string().contains("at most 32"));
        assert!(Term::parse(&"-".repeat(40)).unwrap_err().to_string().contains("at most 32"));
        assert!(Term::parse(&"1+".repeat(600)).unwrap_err().to_string().contains("at most 1,000"));
        let long = format!("{}1", "1 + ".repeat(499));
        assert_eq!(Term::parse(&long).unwrap().value(&|_| None), Some(500.0));
    }
}
