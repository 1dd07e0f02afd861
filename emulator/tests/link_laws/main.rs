//! Laws of links over random networks and loads: of both models, and of each alone.

mod both;
mod cases;
mod chunks;
mod fluid;
