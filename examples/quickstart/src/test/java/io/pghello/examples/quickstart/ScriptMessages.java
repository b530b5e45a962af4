// SPDX-License-Identifier: MIT
package io.pghello.examples.quickstart;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Finds the error messages and warnings in shell scripts, Groovy, C and SQL.
 *
 * <ul>
 *   <li>Shell scripts: {@code die}, {@code misuse}, {@code echo} to standard error, and {@code say}
 *       if it reports a problem.
 *   <li>Groovy: the messages of exceptions.
 *   <li>C: {@code errmsg} and {@code elog} of errors, with {@code errhint} as the fix.
 *   <li>SQL: {@code RAISE}, with {@code HINT} as the fix.
 * </ul>
 */
final class ScriptMessages {
  private static final String COMMAND = "\\$\\((?:[^()]|\\([^()]*\\))*\\)";
  private static final String QUOTED = "\"(?>" + COMMAND + "|[^\"\\\\]|\\\\.)*+\"|'[^']*'";
  private static final Pattern SHELL =
      Pattern.compile("\\b(die|misuse|say|echo)((?: +(?:" + QUOTED + ")+)+)( +>&2)?");
  private static final Pattern PROBLEM =
      Pattern.compile("(?:No [A-Z][\\w.]*:|skipped:).*|.*(?:Remedy|cannot be).*");
  private static final Pattern WORD = Pattern.compile(QUOTED);
  private static final Pattern EXPANSION = Pattern.compile(COMMAND + "|\\$\\{[^}]*}|\\$[\\w@*#]+");
  private static final Pattern GROOVY =
      Pattern.compile("new \\w+Exception\\(((?:\"(?:[^\"\\\\]|\\\\.)*\"|[\\s+])+)\\)");
  private static final Pattern C =
      Pattern.compile(
          "errmsg\\(\"((?:[^\"\\\\]|\\\\.)*)\"|elog\\((?:ERROR|WARNING), \"((?:[^\"\\\\]|\\\\.)*)\"");
  private static final Pattern C_HINT = Pattern.compile("errhint\\(\"((?:[^\"\\\\]|\\\\.)*)\"");
  private static final Pattern SQL =
      Pattern.compile("RAISE (?:EXCEPTION|WARNING|NOTICE) '((?:[^']|'')*)'([^;]*);");
  private static final Pattern SQL_HINT =
      Pattern.compile("HINT = ('(?:[^']|'')*'(?:\\s*'(?:[^']|'')*')*)");

  private ScriptMessages() {}

  /** Returns the messages in a file. */
  static List<JavaMessages.Found> in(Path file) throws IOException {
    String text = Files.readString(file);
    String name = file.getFileName().toString();
    if (name.endsWith(".c") || name.endsWith(".h")) {
      return inC(file, text);
    }
    if (name.endsWith(".sql")) {
      return inSql(file, text);
    }
    return name.endsWith(".groovy") ? inGroovy(file, text) : inShell(file, text);
  }

  private static List<JavaMessages.Found> inShell(Path file, String text) {
    var found = new ArrayList<JavaMessages.Found>();
    // remove comments, and join continued lines
    String code = text.replaceAll("(?m)^\\s*#.*$", "").replaceAll("\\\\\n *", "");
    for (Matcher m = SHELL.matcher(code); m.find(); ) {
      String message =
          WORD.matcher(m.group(2))
              .results()
              .map(word -> shown(word.group()))
              .collect(Collectors.joining(" "));
      boolean isError =
          switch (m.group(1)) {
            case "say" -> PROBLEM.matcher(message).matches();
            case "echo" -> m.group(3) != null;
            default -> true;
          };
      if (isError) {
        found.add(found(file, message, null));
      }
    }
    return found;
  }

  private static String shown(String word) {
    String inside = word.substring(1, word.length() - 1);
    return word.startsWith("'")
        ? inside
        : EXPANSION.matcher(inside).replaceAll("…").replaceAll("\\\\(.)", "$1");
  }

  private static List<JavaMessages.Found> inGroovy(Path file, String text) {
    return GROOVY
        .matcher(text)
        .results()
        .map(
            m ->
                found(
                    file,
                    WORD.matcher(m.group(1))
                        .results()
                        .map(
                            word ->
                                shown(
                                    word.group()
                                        .replace("$", "\\$")
                                        .replaceAll("\\\\\\$\\{[^}]*}", "…")))
                        .collect(Collectors.joining()),
                    null))
        .toList();
  }

  private static List<JavaMessages.Found> inC(Path file, String text) {
    var found = new ArrayList<JavaMessages.Found>();
    for (Matcher m = C.matcher(text); m.find(); ) {
      String message = m.group(1) == null ? m.group(2) : m.group(1);
      String report = text.substring(m.end(), text.indexOf(';', m.end()));
      Matcher hint = C_HINT.matcher(report);
      found.add(found(file, inFormat(message), hint.find() ? inFormat(hint.group(1)) : null));
    }
    return found;
  }

  private static String inFormat(String text) {
    return text.replaceAll("%(?:zu|d|s)", "…").replaceAll("\\\\(.)", "$1");
  }

  private static List<JavaMessages.Found> inSql(Path file, String text) {
    var found = new ArrayList<JavaMessages.Found>();
    for (Matcher m = SQL.matcher(text); m.find(); ) {
      Matcher hint = SQL_HINT.matcher(m.group(2));
      String fix =
          hint.find()
              ? hint.group(1)
                  .replaceAll("'\\s*'", "")
                  .replaceAll("^'|'$", "")
                  .replace("@extschema@.", "")
              : null;
      found.add(found(file, m.group(1).replace("%", "…").replace("''", "'"), fix));
    }
    return found;
  }

  private static JavaMessages.Found found(Path file, String text, @Nullable String fix) {
    return new JavaMessages.Found(file, text.replaceAll("\\s+", " ").strip(), fix);
  }
}
