//! The section of the page: every assumption before the numbers.

use maud::{Markup, PreEscaped, html};
use record::results::whatif::{Asked, Link};

use super::answer::Answer;

/// The section on a question; empty for other specs.
pub(crate) fn section(asked: Option<&Asked>, answer: &Answer) -> Markup {
    let Some(asked) = asked else { return html! {} };
    html! {
        section id="recommendation" {
            h2 { "What to do" }
            @for line in &answer.lines {
                p { (line) }
            }
            @if let Some(svg) = &answer.tornado {
                figure style="margin: 0" role="img" aria-label="How far cost and time of each way to train move when an input is halved or doubled" {
                    (PreEscaped(svg))
                }
            }
            p class="note" {
                "Prices, raw data and steps are applied to recorded hours and bytes. Bandwidth, round trips, compute speed and model size are runs with the input \
                 changed (whatif.sensitivity: simulated); between runs, times and costs are linear in the inverse of the factor, which is exact for a transfer at a rate. \
                 A flip is found to 0.1 % of its factor, under that assumption, and for the first seed."
            }
        }
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
