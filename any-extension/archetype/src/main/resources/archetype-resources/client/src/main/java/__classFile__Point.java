package ${package};

## region java
/** A point, stored in the database as type {@code ${extensionName}_point}. Immutable. */
public record ${className}Point(double x, double y) {
  /**
   * Creates a point.
   *
   * @throws IllegalArgumentException if a coordinate is NaN or infinite
   */
  public ${className}Point {
    if (!Double.isFinite(x) || !Double.isFinite(y)) {
      throw new IllegalArgumentException("coordinates must be finite, but are " + x + " and " + y);
    }
    // -0 becomes 0, because the database considers them equal, and the record does not
    x += 0.0;
    y += 0.0;
  }

  /** Parses the text form that the database returns, for example {@code (1.5,2)}. */
  public static ${className}Point parse(String text) {
    int comma = text.indexOf(',');
    double x = Double.parseDouble(text.substring(1, comma));
    double y = Double.parseDouble(text.substring(comma + 1, text.length() - 1));
    return new ${className}Point(x, y);
  }

  /** Returns the text form. */
  @Override
  public String toString() {
    return "(" + x + "," + y + ")";
  }
}
## endregion
