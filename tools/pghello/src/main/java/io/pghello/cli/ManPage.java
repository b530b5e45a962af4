// SPDX-License-Identifier: MIT
package io.pghello.cli;

import java.util.Locale;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** Generates the manual page of a command from its {@code --help}. */
final class ManPage {
  private final StringBuilder page = new StringBuilder();

  private ManPage() {}

  /** Returns the page as {@code man(7)} source. */
  static String of(CommandLine command) {
    var page = new ManPage();
    page.write(command.getCommandSpec());
    return page.page.toString();
  }

  private void write(CommandSpec spec) {
    String name = spec.qualifiedName("-");
    String[] description = spec.usageMessage().description();
    page.append(".TH ").append(name.toUpperCase(Locale.ROOT)).append(" 1\n");
    page.append(".SH NAME\n").append(name).append(" \\- ").append(firstSentence(description));
    page.append(".SH SYNOPSIS\n.nf\n")
        .append(escaped(CommandLine.Help.Ansi.OFF.string(spec.commandLine().getHelp().synopsis(0))))
        .append(".fi\n.SH DESCRIPTION\n");
    text(String.join(" ", description));
    if (!spec.options().isEmpty() || !spec.positionalParameters().isEmpty()) {
      page.append(".SH OPTIONS\n");
      for (PositionalParamSpec parameter : spec.positionalParameters()) {
        item(parameter.paramLabel(), parameter);
      }
      for (OptionSpec option : spec.options()) {
        String label = option.arity().max() == 0 ? "" : " " + option.paramLabel();
        item(String.join(", ", option.names()) + label, option);
      }
    }
    if (!spec.subcommands().isEmpty()) {
      page.append(".SH COMMANDS\n");
      for (Map.Entry<String, CommandLine> sub : spec.subcommands().entrySet()) {
        page.append(".TP\n\\fB").append(escaped(name + "-" + sub.getKey())).append("\\fR(1)\n");
        page.append(firstSentence(sub.getValue().getCommandSpec().usageMessage().description()));
      }
    }
    String heading = spec.usageMessage().footerHeading().replace("%n", "").replace(":", "").strip();
    if (!heading.isEmpty()) {
      page.append(".SH ").append(heading.toUpperCase(Locale.ROOT)).append("\n.nf\n");
      for (String line : spec.usageMessage().footer()) {
        page.append(escaped(line.replace("$$", "$"))).append('\n');
      }
      page.append(".fi\n");
    }
  }

  private void item(String label, ArgSpec spec) {
    page.append(".TP\n\\fB").append(escaped(label)).append("\\fR\n");
    text(String.join(" ", spec.description()));
  }

  private void text(String text) {
    page.append(escaped(text.replace("$$", "$").replace("%n", " "))).append('\n');
  }

  private static String firstSentence(String[] description) {
    String text = String.join(" ", description);
    int end = text.indexOf(". ");
    return escaped((end < 0 ? text : text.substring(0, end)).replaceAll("[.:]$", "")) + "\n";
  }

  private static String escaped(String text) {
    String escaped = text.replace("\\", "\\e").replace("-", "\\-");
    return escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped;
  }
}
