// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.distribution.PostgresCommands;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/** The settings of an embedded server. Immutable and thread-safe. */
final class ServerSettings {
  private static final String SOCKETS = "unix_socket_directories";
  private static final String SHARED_MEMORY = "dynamic_shared_memory_type";

  /** Settings for which tests need values that differ from PostgreSQL's defaults. */
  private static final Map<String, String> DEFAULTS =
      Map.of(
          "timezone",
          "UTC",
          "max_connections",
          "300",
          "fsync",
          "off",
          SOCKETS,
          "",
          // a single address, because with several addresses the server would start even if another
          // program used the port on one of these addresses
          "listen_addresses",
          ServerPort.LOOPBACK,
          // keeps shared memory in files in the data directory, so that it is removed together with
          // the directory
          SHARED_MEMORY,
          "mmap");

  private final PostgresCommands programs;
  private final Map<String, String> values;

  /**
   * Adds the testkit's defaults and the paths of the server's own files to the given settings.
   *
   * @param programs the programs of the server
   */
  ServerSettings(PostgresCommands programs, Map<String, String> settings) {
    this.programs = programs;
    var all = new TreeMap<>(DEFAULTS);
    all.putAll(settings);
    if (programs.platform().isWindows()) {
      all.remove(SHARED_MEMORY, DEFAULTS.get(SHARED_MEMORY));
    }
    // PATH-like settings: the server's own directory comes first, followed by the configured value
    // or the default
    programs
        .settings()
        .forEach(
            (name, value) ->
                all.merge(
                    name,
                    value,
                    (asked, own) ->
                        own.substring(0, own.lastIndexOf(File.pathSeparatorChar) + 1) + asked));
    this.values = Collections.unmodifiableMap(all);
  }

  /** Returns the values by name. */
  Map<String, String> values() {
    return values;
  }

  /**
   * Returns environment variables that make this server the default target of libpq connections
   * from a session, for example through dblink.
   */
  Map<String, String> defaultsOfSessions(int port) {
    String sockets = values.getOrDefault(SOCKETS, "");
    return sockets.isEmpty()
        ? Map.of()
        : Map.of("PGHOST", sockets, "PGPORT", Integer.toString(port), "PGUSER", "postgres");
  }

  /**
   * Returns the server arguments for pg_ctl, which passes them through a shell. On Windows, writes
   * the settings to the server's file instead.
   *
   * @param data the data directory of the server
   * @param recyclesWal whether the server may keep files of the write-ahead log for later use
   */
  String options(int port, Path data, boolean recyclesWal) throws IOException {
    var options = new StringBuilder("-p ").append(port);
    var all = new TreeMap<>(values);
    if (!recyclesWal) {
      // recycled files of the write-ahead log would be stored with the template
      all.put("wal_recycle", "off");
    }
    if (programs.platform().isWindows()) {
      SettingsFile.write(data, all);
    } else {
      all.forEach(
          (name, value) ->
              options.append(" -c ").append(Platform.quoted(name + "=" + value, true)));
    }
    return options.toString();
  }
}
