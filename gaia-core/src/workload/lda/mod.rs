//! Topic modelling: Latent Dirichlet Allocation by collapsed Gibbs sampling (paper section 5.2; Blei, Ng and Jordan 2003,
//! Griffiths and Steyvers 2004).
//!
//! A token of word w in document d has a topic k, drawn anew once per pass with probability proportional to
//! (n_dk + alpha) (n_wk + beta) / (n_k + V beta), where the counts n leave the token itself out and V is the number of words.
//!
//! In parameter-server form, for a worker:
//! * [`block::Block`] holds its tokens, cut into clocks and ordered into tiles; [`worker::LdaState`] their topics. Counts of
//!   topics in documents are made from these, a tile at a time.
//! * The counts of words in topics are rows of f32 in the parameter server: whole numbers, exact up to 2^24.
//! * The totals n_k are sums over the rows that the worker has read. They are never sent: a total that is filtered apart
//!   from its counts would disagree with them.
//! * [`sampler::sample`] goes over the clock's tokens and changes topics and rows. The update that goes out is the
//!   difference to the snapshot: few small whole numbers, which the wire format knows how to write (see [`crate::wire`]).
//!
//! **Why no count is ever negative.** A site's copy of another site's row is the initial count and the sum of some of its
//! updates, filtered or not. Per parameter that sum telescopes: it is the number of that site's own tokens with this word
//! and topic at some earlier time, which is not negative. So every view is a sum of such numbers, and once everything
//! pending is delivered each table sums to the tokens of the corpus. A lossy encoding would break it; then the sampler takes
//! a negative count as 0, and [`Evaluation::clamped`](crate::workload::traits::Evaluation::clamped) counts how often.
//!
//! [`likelihood`] evaluates a model, [`top_words`] shows it. [`config::Lda`] has the settings. Everything here is
//! deterministic, with the same draws on every instruction set. Clocks and servers are not here.

pub mod block;
pub mod config;
pub mod initial;
pub mod likelihood;
pub mod sampler;
pub mod top_words;
pub mod worker;
