// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.PluginContext;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresPlugin;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The main class: an MCP server on standard input and output, which exits at the end of its input.
 */
public final class PgHelloMcp {
  // Characters that control a terminal or change the text direction.
  private static final String CONTROL = "[\\p{Cntrl}\\x80-\\x9f\\u2028-\\u202e\\u2066-\\u2069]";

  private static final int OK = 0;
  private static final int MISUSE = 2;
  private static final long GRACE_MILLIS = 1_000;
  private static final long ROLES_MILLIS = 5_000;
  private static final Logger ROOT = Logger.getLogger("");
  private static final List<Logger> SILENT =
      List.of(Logger.getLogger("com.zaxxer.hikari"), Logger.getLogger("org.postgresql"));
  private static final String USAGE =
      """
      Usage: pg-hello-mcp [--config FILE]

      Offers the operations of pg-hello-plugin to agents as tools, using the Model Context Protocol on
      standard input and output. Connections are read-only unless the configuration file allows
      writing.

        --config FILE   JSON file with the connections; default: $PG_HELLO_MCP_CONFIG
        --help          print this help
        --version       print the version

      Without a configuration file, there is one connection, configured by $PGHOST, $PGPORT,
      $PGDATABASE, $PGUSER and $PGPASSWORD. Set $PGSSLMODE to verify-full or disable (no TLS; the
      default for local servers), and $PGSSLROOTCERT to a file with the server's CA. Without TLS,
      passwords are not sent in clear text unless $PGREQUIREAUTH contains password. Example of a
      configuration file:

        {"connections": {"shop": {
          "config": {"host": "db.example.com", "database": "shop", "user": "agent",
                     "password": {"env": "SHOP_PASSWORD"}},
          "permissions": {"readOnly": true, "sql": true, "maxRows": 200}}}}

      Strings in config can be {"env": NAME} or {"file": PATH}. See docs/mcp.md for details.

      Exit status: 0 at the end of the input, 2 if the command line or the configuration is invalid.
      """;

  private PgHelloMcp() {}

  /**
   * Serves requests until the end of standard input, then exits the JVM.
   *
   * @param args the command line, as described by {@code --help}
   */
  public static void main(String[] args) {
    var out = new FileOutputStream(FileDescriptor.out);
    // Standard output is reserved for the protocol.
    System.setOut(System.err);
    if (System.getProperty("java.util.logging.config.file") == null) {
      ROOT.setLevel(Level.WARNING);
      // Log messages of these libraries may contain messages from the database server.
      SILENT.forEach(logger -> logger.setLevel(Level.OFF));
    }
    System.exit(run(args, System.getenv(), new FileInputStream(FileDescriptor.in), out));
  }

  private static int run(
      String[] args, Map<String, String> environment, InputStream in, OutputStream out) {
    try {
      Path file = null;
      for (int i = 0; i < args.length; i++) {
        if (args[i].equals("--help") || args[i].equals("-h")) {
          return print(out, USAGE);
        } else if (args[i].equals("--version")) {
          return print(out, "pg-hello-mcp " + Server.version() + "\n");
        } else if (args[i].equals("--config") && i + 1 < args.length) {
          file = Path.of(args[++i]);
        } else if (args[i].startsWith("--config=")) {
          file = Path.of(args[i].substring("--config=".length()));
        } else if (args[i].startsWith("-")) {
          throw new ConfigurationException(
              named(args[i]) + " is an unknown option, or its value is missing");
        } else {
          // The error omits the argument, because it may contain a password.
          throw new ConfigurationException(
              "unexpected argument: configure connections with --config FILE, or with "
                  + "PGHOST, PGDATABASE, PGUSER and PGPASSWORD");
        }
      }
      return serve(Connections.read(file, environment), in, out);
    } catch (ConfigurationException e) {
      // The message may contain names from a file, which can contain any characters.
      String said = String.valueOf(e.getMessage()).replaceAll(CONTROL, "?");
      System.err.println("pg-hello-mcp: " + said + " (see --help)");
      return MISUSE;
    }
  }

  /** Returns an option without its value, which may be a password. */
  private static String named(String option) {
    return option.startsWith("--")
        ? option.replaceFirst("(?s)[^A-Za-z-].*", "")
        : option.substring(0, Math.min(2, option.length()));
  }

  private static int print(OutputStream out, String text) {
    new PrintStream(out, true, StandardCharsets.UTF_8).print(text);
    return OK;
  }

  private static int serve(Connections connections, InputStream in, OutputStream out) {
    connections.ids().forEach(id -> check(id, connections.config(id)));
    PluginContext context = PluginContext.defaults().withPermissions(connections::permissions);
    // Open connections in parallel, so that an unresponsive server does not delay the others.
    ExecutorService openers = Executors.newCachedThreadPool(PgHelloMcp::opener);
    try (PostgresPlugin plugin = PostgresPlugin.initialize(context)) {
      Set<String> owners = ConcurrentHashMap.newKeySet();
      for (String id : connections.ids()) {
        openers.execute(() -> open(plugin, id, connections.config(id), owners));
      }
      openers.shutdown();
      // Wait for the connections, because the server's instructions mention roles that own tables.
      // Limit the wait, because a server may be unresponsive.
      var unused = openers.awaitTermination(ROLES_MILLIS, TimeUnit.MILLISECONDS);
      try (var server = new Server(plugin, connections, owners, in, out)) {
        var hook = new Thread(server::close, "pg-hello-mcp-end");
        Runtime.getRuntime().addShutdownHook(hook);
        server.run();
      }
      // Allow time to report the errors of connections that are still being opened.
      unused = openers.awaitTermination(GRACE_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return OK;
  }

  private static Thread opener(Runnable task) {
    var thread = new Thread(task, "pg-hello-mcp-open");
    thread.setDaemon(true);
    return thread;
  }

  /** Rejects an invalid configuration. */
  private static void check(String id, JsonNode config) {
    try {
      PostgresPlugin.check(id, config);
    } catch (PostgresException e) {
      throw new ConfigurationException(about(id, e).stripTrailing());
    }
  }

  /**
   * Opens a connection. Errors are only reported, because the server may become available later.
   */
  private static void open(PostgresPlugin plugin, String id, JsonNode config, Set<String> owners) {
    try {
      if (plugin.connect(id, config).ownsTables()) {
        owners.add(id);
      }
    } catch (PostgresException e) {
      System.err.println("pg-hello-mcp: " + about(id, e) + "Each call will try again.");
    }
  }

  private static String about(String id, PostgresException e) {
    return "connection " + id + ": " + sentence(e.getMessage()) + sentence(remedy(e));
  }

  private static String sentence(@Nullable String text) {
    return text == null ? "" : text + (text.endsWith(".") ? " " : ". ");
  }

  private static @Nullable String remedy(PostgresException e) {
    return (String) e.details().get("remedy");
  }
}
