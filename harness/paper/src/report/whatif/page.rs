//! The section of the page: every assumption before the numbers.

use maud::{Markup, html};
use record::results::whatif::{Asked, Link};

/// The section on a question; empty for other specs.
pub(crate) fn section(asked: Option<&Asked>) -> Markup {
    let Some(asked) = asked else { return html! {} };
    html! {
        section id="assumptions" {
            h2 { "What the answer rests on" }
            dl {
                @for row in asked.rows() {
                    dt { (row.topic) }
                    dd { (row.text) }
                }
            }
            (links(&asked.assumptions.links, asked.assumptions.slowest_link()))
        }
    }
}

fn links(links: &[Link], slowest: Option<&Link>) -> Markup {
    let Some(slowest) = slowest else { return html! {} };
    html! {
        details open[links.len() <= 12] {
            summary {
                (links.len()) " links between sites; the slowest is from " (slowest.from) " to " (slowest.to) ": " (slowest.in_words())
            }
            div class="wide" {
                table class="numbers" {
                    thead { tr { th { "from" } th { "to" } th { "bandwidth" } th { "round trip" } } }
                    tbody {
                        @for link in links {
                            tr {
                                td { (link.from) }
                                td { (link.to) }
                                td class="number" { (link.rate()) }
                                td class="number" { (link.round_trip()) }
                            }
                        }
                    }
                }
            }
        }
    }
}
