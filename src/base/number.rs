//! Figures for people and messages.

/// To three decimals, which is more than any figure here is worth: keeps messages and files short.
pub fn rounded(value: f64) -> f64 {
    let rounded = (value * 1000.0).round() / 1000.0;
    // Near the end of the number range the product is infinite; such a figure has no decimals anyway.
    if rounded.is_finite() { rounded } else { value }
}

/// A figure that cannot be absent: rounded, never negative, always a number.
pub fn rounded_rate(value: f64) -> f64 {
    if value.is_finite() { rounded(value.max(0.0)) } else { 0.0 }
}
