//! The runner over a stack that is made of answers.
