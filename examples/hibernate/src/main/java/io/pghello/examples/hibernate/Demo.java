// SPDX-License-Identifier: MIT
package io.pghello.examples.hibernate;

import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloClient;
import io.pghello.PgHelloInfo;
import io.pghello.examples.shared.DemoCommand;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import jakarta.persistence.EntityExistsException;
import java.io.PrintStream;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.hibernate.SessionFactory;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/**
 * Creates users, first individually and then in batches of one thousand. The server computes their
 * greetings.
 */
@Command(
    name = "demo hibernate",
    description = {
      "Creates users with Hibernate. The server computes the greeting and the time",
      "without a round trip per user. Then imports many users and prints the speed."
    },
    customSynopsis = "./dev demo hibernate [OPTIONS] [NAME...]",
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:all went well",
      "1:a name, the extension or the server cannot be used",
      "2:the command line is wrong"
    })
public final class Demo implements Callable<Integer> {
  private static final String SCHEMA = "hello_demo";
  private static final int BULK = 1_000;
  private static final long PROGRESS_NANOS = 250_000_000;

  private final PrintStream out;
  private final PrintStream err;
  private final boolean progress;

  @Parameters(
      arity = "0..*",
      paramLabel = "NAME",
      description = "Names of the users to create, all different. Default: alice bob.")
  private List<String> names = List.of("alice", "bob");

  @Option(
      names = "--repeat",
      paramLabel = "N",
      description = "Number of greetings per user, 1 to 10. Default: 1.")
  private @Nullable Integer repeat;

  @Option(
      names = "--rows",
      paramLabel = "N",
      description = {
        "Number of additional users to import: user1, user2 and so on.",
        "Default: 100000."
      })
  private int rows = 100_000;

  @Option(
      names = "--url",
      paramLabel = "JDBC-URL",
      description = {
        "JDBC URL of a database that has the extension, e.g.",
        "jdbc:postgresql://HOST/DATABASE?user=U&password=P.",
        "The tables are created in the schema " + SCHEMA + ",",
        "which is dropped at the end.",
        "Default: a PostgreSQL server started for this run."
      })
  private @Nullable String url;

  @SuppressWarnings("UnusedVariable") // picocli evaluates this option
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this text.")
  private boolean help;

  private Demo(PrintStream out, PrintStream err, boolean progress) {
    this.out = out;
    this.err = err;
    this.progress = progress;
  }

  /**
   * Runs the demo and exits with its exit code.
   *
   * @param args see {@code --help}
   */
  public static void main(String[] args) {
    // otherwise, Hibernate would write its log to standard error
    System.setProperty("org.jboss.logging.provider", "slf4j");
    // Java cannot detect whether standard error is a terminal, but ./dev can
    boolean progress = System.getenv("PG_HELLO_PROGRESS") != null;
    DemoCommand.runAndExit((given, out, err) -> run(given, out, err, progress), args);
  }

  /** Runs the program with the given streams and returns the exit code. */
  static int run(String[] args, PrintStream out, PrintStream err, boolean progress) {
    return DemoCommand.run(
        "hibernate", new Demo(out, err, progress), Demo::explanation, args, out, err);
  }

  private static @Nullable String explanation(Exception e) {
    if (e instanceof FunctionCallException || e instanceof EntityExistsException) {
      return e.getMessage();
    }
    String server = DemoCommand.messageOfServer(e);
    SQLException database = ofDatabase(e);
    return server == null && database != null
        ? DemoCommand.firstLine(database.getMessage())
        : server;
  }

  /**
   * Returns the innermost SQL exception, because the messages of the outer exceptions contain the
   * statement.
   */
  private static @Nullable SQLException ofDatabase(Throwable error) {
    SQLException innermost = null;
    for (Throwable each = error; each != null; each = each.getCause()) {
      if (each instanceof SQLException e) {
        innermost = e;
      }
    }
    return innermost;
  }

  @Override
  public Integer call() throws SQLException {
    check(repeat == null || (repeat >= 1 && repeat <= 10), "--repeat must be between 1 and 10");
    check(rows >= 1, "--rows must be 1 or more");
    if (url != null) {
      check(url.startsWith("jdbc:postgresql:"), "--url must begin with jdbc:postgresql:");
      run(url, null);
      return ExitCode.OK;
    }
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        WireProxy proxy = WireProxy.to(server.port())) {
      String counted =
          database.jdbcUrl().replace(":" + server.port() + "/", ":" + proxy.port() + "/");
      run(counted, proxy::roundTrips);
      return ExitCode.OK;
    }
  }

  private void check(boolean right, String message) {
    if (!right) {
      throw new ParameterException(new CommandLine(this), message);
    }
  }

  private void run(String jdbcUrl, @Nullable LongSupplier roundTrips) throws SQLException {
    try (HikariDataSource pool = Database.pool(jdbcUrl);
        PgHelloClient client = PgHelloClient.create(pool)) {
      createSchema(pool);
      try (SessionFactory factory = Database.sessionFactory(pool, SCHEMA)) {
        run(factory, client, roundTrips);
      } finally {
        execute(pool, "DROP SCHEMA " + SCHEMA + " CASCADE");
      }
    }
  }

  private static void createSchema(HikariDataSource pool) throws SQLException {
    try {
      execute(pool, "CREATE SCHEMA " + SCHEMA);
    } catch (SQLException e) {
      if ("42P06".equals(e.getSQLState())) {
        throw new IllegalStateException(
            "The database has a schema "
                + SCHEMA
                + ", perhaps left by a demo that was killed. If so, run in this database: DROP"
                + " SCHEMA "
                + SCHEMA
                + " CASCADE;",
            e);
      }
      throw e;
    }
  }

  private static void execute(HikariDataSource pool, String sql) throws SQLException {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private void run(
      SessionFactory factory, PgHelloClient client, @Nullable LongSupplier roundTrips) {
    var users = new Users(factory, client);
    print(names.stream().map(name -> create(users, name)).toList());
    out.println();

    Iterator<User> more =
        IntStream.rangeClosed(1, rows).mapToObj(i -> "user" + i).map(Demo::user).iterator();
    measure(rows, "user", "imported", roundTrips, () -> importAll(users, more));
    print(users.latest(1));
    out.println();

    List<String> latest = users.latest(BULK).stream().map(User::getUsername).toList();
    factory.inTransaction(
        session -> {
          var service = new GreetingService(session, client);
          PgHelloInfo info = service.serverInfo();
          out.printf(
              "PostgreSQL %s, pg_hello %s, %s%n",
              info.serverVersion(), info.extensionVersion(), service.timestamp());
          measure(
              latest.size(),
              "name",
              "greeted in bulk",
              roundTrips,
              () -> service.bulkGreetings(latest));
        });
  }

  private void importAll(Users users, Iterator<User> more) {
    try {
      users.importAll(more, new Progress());
    } finally {
      if (progress) {
        err.print("\r" + " ".repeat(40) + "\r");
      }
    }
  }

  private User create(Users users, String name) {
    return repeat == null
        ? users.createWithGreeting(name, email(name))
        : users.createWithGreeting(name, email(name), repeat);
  }

  private static User user(String name) {
    return new User(name, email(name));
  }

  private static String email(String name) {
    return name.replace(' ', '.') + "@example.com";
  }

  private void measure(
      int count, String what, String done, @Nullable LongSupplier roundTrips, Runnable action) {
    long begin = System.nanoTime();
    long before = roundTrips == null ? 0 : roundTrips.getAsLong();
    action.run();
    double seconds = (System.nanoTime() - begin) / 1e9;
    out.printf(Locale.ROOT, "%s %s: %,.0f a second", counted(count, what), done, count / seconds);
    if (roundTrips != null) {
      out.print(", " + counted(roundTrips.getAsLong() - before, "round trip"));
    }
    out.println();
  }

  private static String counted(long count, String what) {
    return String.format(Locale.ROOT, "%,d %s%s", count, what, count == 1 ? "" : "s");
  }

  private void print(List<User> users) {
    // a format specifier cannot have a width of 0
    int width = users.stream().mapToInt(user -> user.getUsername().length()).reduce(1, Math::max);
    for (User user : users) {
      out.printf(
          Locale.ROOT,
          "%-" + width + "s  %s  %s%n",
          user.getUsername(),
          user.getCreatedAt(),
          user.getWelcomeMessage());
    }
  }

  /** On a terminal, prints the number of imported users four times a second. */
  private final class Progress implements LongConsumer {
    private long shown = System.nanoTime() - PROGRESS_NANOS;

    @Override
    public void accept(long count) {
      if (progress && System.nanoTime() - shown >= PROGRESS_NANOS) {
        shown = System.nanoTime();
        err.printf(Locale.ROOT, "\r%,d of %s", count, counted(rows, "user"));
      }
    }
  }
}
