// SPDX-License-Identifier: MIT
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Draws sessions of a terminal: {@code SessionPage SITE FILE...}. A file NAME.txt is what a terminal shows, from the
 * command on. Writes SITE/demos/NAME.svg for each, and the page SITE/demos.html with all of them.
 */
final class SessionPage {
  private static final int COLUMNS = 120;
  private static final double CELL = 8.4;
  private static final int LINE = 20;
  private static final int MARGIN = 16;

  private SessionPage() {}

  public static void main(String[] args) throws IOException {
    // numbers with a point
    Locale.setDefault(Locale.ROOT);
    Path site = Path.of(args[0]);
    Files.createDirectories(site.resolve("demos"));
    var sessions = new StringBuilder();
    for (int i = 1; i < args.length; i++) {
      Path file = Path.of(args[i]);
      String picture = "demos/" + file.getFileName().toString().replaceAll("txt$", "svg");
      List<String> lines = wrapped(Files.readAllLines(file));
      if (lines.size() < 2) {
        throw new IllegalArgumentException(file + " has no output");
      }
      String svg = svg(lines);
      Files.writeString(site.resolve(picture), svg);
      String command = escaped(lines.get(0).replaceFirst("^\\$ ", ""));
      sessions.append(
          """
          <h2>%s</h2>
          <div class="session"><img src="%s" alt="What %s prints" %s></div>
          """
              .formatted(command, picture, command, size(lines)));
    }
    Files.writeString(site.resolve("demos.html"), PAGE.formatted(sessions));
  }

  private static List<String> wrapped(List<String> lines) {
    var wrapped = new ArrayList<String>();
    for (String line : lines) {
      String rest = line.stripTrailing();
      for (; rest.length() > COLUMNS; rest = rest.substring(COLUMNS)) {
        wrapped.add(rest.substring(0, COLUMNS));
      }
      wrapped.add(rest);
    }
    return wrapped;
  }

  private static String size(List<String> lines) {
    int columns = lines.stream().mapToInt(String::length).max().orElseThrow();
    return "width=\"%d\" height=\"%d\""
        .formatted(Math.round(columns * CELL) + 2 * MARGIN, lines.size() * LINE + 2 * MARGIN);
  }

  private static String svg(List<String> lines) {
    var text = new StringBuilder();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (!line.isEmpty()) {
        text.append(
            // the length keeps columns below each other, whatever font there is
            "<text x=\"%d\" y=\"%d\" textLength=\"%.1f\" lengthAdjust=\"spacingAndGlyphs\"%s>%s</text>%n"
                .formatted(
                    MARGIN,
                    MARGIN + i * LINE + 14,
                    line.length() * CELL,
                    line.startsWith("$ ") ? " class=\"command\"" : "",
                    escaped(line)));
      }
    }
    return """
        <svg xmlns="http://www.w3.org/2000/svg" role="img" %s>
        <title>%s</title>
        <style>
        rect { fill: #1b1b1f; }
        text { fill: #dfdfd6; font: 14px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; }
        .command { fill: #7ee787; }
        </style>
        <rect width="100%%" height="100%%" rx="8"/>
        %s</svg>
        """
        .formatted(size(lines), escaped(lines.get(0)), text);
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
  }

  private static final String PAGE =
      """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>pg-hello: demos</title>
      <link rel="icon" href="data:,">
      <style>
      body { margin: 0 auto; max-width: 70rem; padding: 1rem; font: 16px/1.5 system-ui, sans-serif; color: #3c3c43; background: #fff; }
      a { color: #3451b2; }
      h2 { font: 600 1rem ui-monospace, monospace; margin-top: 2rem; }
      .session { overflow-x: auto; }
      @media (prefers-color-scheme: dark) {
        body { color: #dfdfd6; background: #202127; }
        a { color: #a8b1ff; }
      }
      </style>
      </head>
      <body>
      <main>
      <h1>Demos</h1>
      <p>What the demos print. They ran when this site was built; <code>./dev help</code> in a clone lists them.
      <a href="docs/">The pages</a> say what is behind them.</p>
      %s</main>
      </body>
      </html>
      """;
}
