use std::fmt::Write;

use crate::shape::{Anchor, At, Colour, MARK, Shape};

/// Shapes as a document, each over those before it.
pub(crate) fn svg(shapes: &[Shape], [width, height]: [u32; 2]) -> String {
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"monospace\" \
         font-size=\"15\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    for shape in shapes {
        let _ = writeln!(text, "{}", element(shape));
    }
    text.push_str("</svg>\n");
    text
}

fn element(shape: &Shape) -> String {
    match shape {
        Shape::Path { points, colour, width } => {
            let points: Vec<String> = points.iter().map(|[x, y]| format!("{x},{y}")).collect();
            let (points, colour) = (points.join(" "), hex(*colour));
            format!(
                "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"/>"
            )
        }
        Shape::Mark { at: [x, y], colour } => {
            let radius = f64::from(MARK) / 2.0;
            format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{}\"/>", hex(*colour))
        }
        Shape::Text { at, text, anchor } => words(*at, text, *anchor),
    }
}

fn words([x, y]: At, text: &str, anchor: Anchor) -> String {
    let anchor = match anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let fill = hex(Colour::INK);
    format!(
        "<text x=\"{x}\" y=\"{y}\" fill=\"{fill}\" text-anchor=\"{anchor}\" dominant-baseline=\"middle\">{text}</text>"
    )
}

fn hex(Colour([red, green, blue]): Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}
