// SPDX-License-Identifier: MIT
package io.pghello.cli;

import io.pghello.cli.backup.BackupCommand;
import io.pghello.cli.backup.RestoreCommand;
import io.pghello.cli.backup.VerifyCommand;
import io.pghello.cli.check.AdviseCommand;
import io.pghello.cli.check.DiagnoseCommand;
import io.pghello.cli.check.HardenCommand;
import io.pghello.cli.check.HealthCommand;
import io.pghello.cli.check.UpdateCommand;
import io.pghello.cli.connect.Target;
import io.pghello.cli.load.LoadCommand;
import io.pghello.cli.load.WatchCommand;
import io.pghello.cli.logs.LogsCommand;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.TerminalText;
import io.pghello.cli.report.ReportCommand;
import java.util.List;
import java.util.Locale;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The program {@code pghello}. */
@Command(
    name = "pghello",
    description = "Operates PostgreSQL databases that use the extension pg_hello.",
    sortOptions = false,
    footerHeading = "%nExit status:%n",
    footer = {
      "  0  ok",
      "  1  warning",
      "  2  critical",
      "  3  unknown, or the command line is invalid",
      "",
      "Passwords are read from the password file (~/.pgpass), $$PGPASSWORD or a "
          + "service file, never from the command line."
    })
public final class Pghello implements Runnable {
  private static final List<Class<?>> COMMANDS =
      List.of(
          HealthCommand.class,
          ReportCommand.class,
          AdviseCommand.class,
          DiagnoseCommand.class,
          BackupCommand.class,
          RestoreCommand.class,
          VerifyCommand.class,
          UpdateCommand.class,
          LoadCommand.class,
          WatchCommand.class,
          HardenCommand.class,
          MaintainCommand.class,
          LogsCommand.class,
          ExtensionCommand.class,
          InstallCommand.class);

  private static final Logger DRIVER = Logger.getLogger("org.postgresql");

  @Spec private CommandSpec spec = CommandSpec.create();

  @SuppressWarnings("UnusedVariable")
  @Option(
      names = "--help",
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this text.")
  private boolean help;

  @SuppressWarnings("UnusedVariable")
  @Option(names = "--version", versionHelp = true, description = "Show the version.")
  private boolean version;

  private Pghello() {}

  /**
   * Runs a command, and exits the JVM with the command's exit status.
   *
   * @param args the command line, as described by {@code --help}
   */
  public static void main(String[] args) {
    // The driver's log messages are not needed, because the commands report the same errors.
    DRIVER.setLevel(Level.OFF);
    String[] words = args;
    if (args.length > 0 && args[0].equals("help")) {
      words = args.length > 1 ? new String[] {args[1], "--help"} : new String[] {"--help"};
    }
    // Otherwise, --help would print the program's help instead of reporting the unknown command.
    if (words.length > 1 && !words[0].startsWith("-") && !isNamed(words[0])) {
      words = new String[] {words[0]};
    }
    if (words.length > 0 && isNamed(words[0])) {
      Target.preloadLogin();
    }
    int status = commandLine(words).execute(words);
    if (System.out.checkError()) {
      System.err.println("pghello: cannot write to standard output");
      status = Math.max(status, Status.CRITICAL.exitCode());
    }
    System.exit(status);
  }

  /** Returns a command line with the command named by the first argument, or with all commands. */
  static CommandLine commandLine(String... args) {
    var commandLine = new CommandLine(new Pghello());
    String first = args.length == 0 ? "" : args[0];
    // Reading the annotations of all commands takes most of the startup time.
    List<Class<?>> named = COMMANDS.stream().filter(command -> isNamed(command, first)).toList();
    (named.isEmpty() ? COMMANDS : named).forEach(commandLine::addSubcommand);
    commandLine.getSubcommands().values().forEach(Pghello::order);
    String version = Pghello.class.getPackage().getImplementationVersion();
    commandLine
        .getCommandSpec()
        .version("pghello " + (version == null ? "development build" : version));
    return commandLine
        .setCaseInsensitiveEnumValuesAllowed(true)
        // An argument that begins with @ may be the name of a database, rather than of a file with
        // arguments.
        .setExpandAtFiles(false)
        .setParameterExceptionHandler(
            (e, arguments) -> {
              CommandLine command = e.getCommandLine();
              command
                  .getErr()
                  .printf(
                      "%s: %s%n",
                      command.getCommandSpec().qualifiedName(), TerminalText.line(message(e)));
              return Status.UNKNOWN.exitCode();
            })
        .setExecutionExceptionHandler(
            (e, command, result) -> {
              Failure failure = Failure.of(e);
              command
                  .getErr()
                  .printf(
                      "%s: %s%n",
                      command.getCommandSpec().qualifiedName(),
                      lines(String.valueOf(failure.getMessage())));
              return failure.status().exitCode();
            });
  }

  private static String lines(String text) {
    return text.lines().map(TerminalText::line).collect(Collectors.joining(System.lineSeparator()));
  }

  /** Returns the message for an invalid command line, without arguments that may be passwords. */
  private static String message(ParameterException e) {
    if (!(e instanceof UnmatchedArgumentException unmatched)) {
      return String.valueOf(e.getMessage());
    }
    String first = unmatched.getUnmatched().get(0);
    String meant = unmatched.getSuggestions().stream().limit(3).collect(Collectors.joining(", "));
    String suggestion = meant.isEmpty() ? "" : "; did you mean " + meant + "?";
    if (!first.startsWith("-")) {
      return first.matches("[A-Za-z][A-Za-z0-9_-]*")
          ? "Unmatched argument: '" + first + "'" + suggestion
          : "unexpected argument (not shown, because it may contain a password)";
    }
    String option =
        first.replaceFirst(first.startsWith("--") ? "(?s)[^A-Za-z-].*" : "(?s)(?<=^..).*", "");
    return "Unknown option: '" + option + "'" + suggestion;
  }

  /**
   * Keeps options in their declared order. In the list of commands, shows only the first sentence
   * of each description.
   */
  private static void order(CommandLine command) {
    CommandLine.Model.UsageMessageSpec usage = command.getCommandSpec().usageMessage();
    usage.description(String.join(" ", usage.description()).split("(?<=\\.) ", 2));
    usage.sortOptions(false);
  }

  private static boolean isNamed(String name) {
    return COMMANDS.stream().anyMatch(command -> isNamed(command, name));
  }

  private static boolean isNamed(Class<?> command, String name) {
    return command.getSimpleName().toLowerCase(Locale.ROOT).equals(name + "command");
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "no command given; see pghello --help");
  }
}
