// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Advice on one setting: its value, a better value, and the reason. */
record Advice(
    String setting, String current, @Nullable String better, String reason, @Nullable String sql) {
  private static final long MEGABYTE = 1 << 20;
  private static final long GIGABYTE = 1 << 30;

  /** The examined settings, in the order of output. */
  static final List<String> SETTINGS =
      List.of(
          "shared_buffers",
          "effective_cache_size",
          "work_mem",
          "maintenance_work_mem",
          "max_connections",
          "random_page_cost",
          "default_statistics_target",
          "shared_preload_libraries",
          "pg_hello.repeat",
          "track_functions",
          "archive_mode",
          "log_line_prefix");

  /** Settings that affect the advice on other settings. */
  static final List<String> CONDITIONS = List.of("archive_command", "archive_library");

  static final String STATEMENTS = "pg_stat_statements";

  /** The server's machine: its memory, and whether its disk is an SSD. */
  record Machine(long memory, boolean seeksAreCheap) {}

  /** A setting and its unit, in the format of {@code pg_settings}. */
  record Setting(String value, @Nullable String unit) {
    long bytes() {
      return Long.parseLong(value)
          * switch (unit == null ? "" : unit) {
            case "8kB" -> 8 << 10;
            case "kB" -> 1 << 10;
            case "MB" -> MEGABYTE;
            default -> 1;
          };
    }
  }

  boolean isChange() {
    return better != null;
  }

  /** Returns advice on all settings. Missing settings are reported as hidden or unknown. */
  static List<Advice> of(Map<String, Setting> settings, Machine machine) {
    var advice = new ArrayList<Advice>();
    for (String name : SETTINGS) {
      Setting setting = settings.get(name);
      if (setting == null) {
        advice.add(
            keep(
                name,
                "",
                name.equals("pg_hello.repeat")
                    ? "unknown in this session, because the library is not loaded at connect"
                    : "hidden from this role: grant it pg_read_all_settings"));
      } else {
        advice.add(judge(name, setting, settings, machine));
      }
    }
    return advice;
  }

  private static Advice judge(
      String name, Setting setting, Map<String, Setting> settings, Machine machine) {
    long memory = machine.memory();
    return switch (name) {
      case "shared_buffers" ->
          size(
              name,
              setting,
              memory * 15 / 100,
              memory * 40 / 100,
              memory / 4,
              "a quarter of the memory; the operating system uses the rest as cache");
      case "effective_cache_size" ->
          size(
              name,
              setting,
              memory / 2,
              memory * 90 / 100,
              memory * 3 / 4,
              "the planner's assumption for the total cache of the server and the operating system");
      case "work_mem" -> {
        Setting connections = settings.get("max_connections");
        long each = memory / 2 / (connections == null ? 100 : Math.max(1, connections.bytes()));
        yield size(
            name,
            setting,
            Math.min(4 * MEGABYTE, each / 2),
            each,
            Math.max(64 << 10, Math.min(each, 16 * MEGABYTE)),
            "each sort in each connection can use this much; together they should use "
                + "less than half of the memory");
      }
      case "maintenance_work_mem" ->
          size(
              name,
              setting,
              Math.min(64 * MEGABYTE, memory / 20),
              memory / 8,
              Math.max(MEGABYTE, Math.min(memory / 16, GIGABYTE)),
              "used by index builds and vacuum, and only a few of these run at a time");
      case "max_connections" ->
          choose(
              name,
              setting,
              setting.bytes() <= 500,
              "200",
              "more than a few hundred connections cost memory and cause lock contention: use a "
                  + "pool");
      case "random_page_cost" -> {
        double cost = Double.parseDouble(setting.value());
        yield machine.seeksAreCheap()
            ? choose(name, setting, cost <= 2, "1.1", "seeks are cheap on this disk")
            : choose(name, setting, cost >= 2, "4", "seeks are expensive on this disk");
      }
      case "default_statistics_target" ->
          choose(
              name,
              setting,
              setting.bytes() >= 100,
              "100",
              "coarser statistics lead to worse plans");
      case "shared_preload_libraries" ->
          settings.containsKey(STATEMENTS) || contains(setting.value(), STATEMENTS)
              ? choose(
                  name,
                  setting,
                  contains(setting.value(), STATEMENTS),
                  appended(setting.value(), STATEMENTS),
                  "pg_stat_statements counts statements by user")
              // Keep the setting, because a library that is not installed would prevent the next
              // start of the server.
              : keep(
                  name,
                  setting.value(),
                  "pg_stat_statements would count statements by user, but it is not installed");
      case "pg_hello.repeat" ->
          choose(
              name,
              setting,
              setting.value().equals("1"),
              "1",
              "use this setting only as the default for a server or session; to change "
                  + "the count for one call, pass it as the second argument");
      case "track_functions" ->
          choose(
              name,
              setting,
              setting.value().equals("all"),
              "all",
              "otherwise, calls of C functions are not counted; counting costs about 100 ns "
                  + "per call");
      case "archive_mode" -> archiving(setting.value(), settings);
      case "log_line_prefix" ->
          choose(
              name,
              setting,
              setting.value().contains("%e"),
              setting.value().stripTrailing() + " %e ",
              "without the SQLSTATE (%e), errors in the log cannot be distinguished");
      default -> throw new IllegalArgumentException(name);
    };
  }

  private static Advice size(
      String name, Setting setting, long least, long most, long better, String reason) {
    long bytes = setting.bytes();
    return bytes >= least && bytes <= most
        ? keep(name, sized(bytes), reason)
        : change(name, sized(bytes), sized(better), reason);
  }

  /**
   * Returns advice on archiving. The advice contains no SQL statement, because the archive must
   * exist first.
   */
  private static Advice archiving(String mode, Map<String, Setting> settings) {
    boolean stored =
        CONDITIONS.stream()
            .map(settings::get)
            .anyMatch(setting -> setting != null && !setting.value().isEmpty());
    return stored && !mode.equals("off")
        ? keep(
            "archive_mode",
            mode,
            "you can recover the last hour with archived WAL, but not with dumps")
        : new Advice(
            "archive_mode",
            mode,
            "on, and an archive_command",
            "you can recover the last hour with archived WAL, but not with dumps; "
                + "set archive_command or archive_library first: without them, WAL "
                + "accumulates until the disk is full",
            null);
  }

  private static Advice choose(
      String name, Setting setting, boolean good, String better, String reason) {
    return good
        ? keep(name, setting.value(), reason)
        : change(name, setting.value(), better, reason);
  }

  private static Advice keep(String name, String current, String reason) {
    return new Advice(name, current, null, reason, null);
  }

  private static Advice change(String name, String current, String better, String reason) {
    String value =
        name.equals("shared_preload_libraries") ? better : "'" + better.replace("'", "''") + "'";
    return new Advice(name, current, better, reason, "ALTER SYSTEM SET " + name + " = " + value);
  }

  private static boolean contains(String list, String library) {
    return libraries(list).contains(library);
  }

  /**
   * Adds a library to a list. The result has one literal for each library, as required by ALTER
   * SYSTEM.
   */
  private static String appended(String list, String library) {
    var all = new ArrayList<>(libraries(list));
    all.add(library);
    return String.join(", ", all.stream().map(l -> "'" + l.replace("'", "''") + "'").toList());
  }

  private static List<String> libraries(String list) {
    return List.of(list.split(",", -1)).stream()
        .map(item -> item.strip().replaceAll("^\"|\"$", ""))
        .filter(item -> !item.isEmpty())
        .toList();
  }

  static String sized(long bytes) {
    return bytes % MEGABYTE == 0 || bytes > 10 * MEGABYTE
        ? bytes / MEGABYTE + "MB"
        : bytes / 1024 + "kB";
  }

  /**
   * Parses a size, e.g. {@code 16GB}.
   *
   * @throws IllegalArgumentException if the text is not a valid size
   */
  static long bytes(String size) {
    String text = size.strip().toUpperCase(Locale.ROOT);
    if (!text.matches("[1-9][0-9]{0,8}(MB|GB|TB)")) {
      throw new IllegalArgumentException(
          "a size is a number followed by MB, GB or TB, not: " + size);
    }
    long number = Long.parseLong(text.substring(0, text.length() - 2));
    return number
        * switch (text.charAt(text.length() - 2)) {
          case 'M' -> MEGABYTE;
          case 'G' -> GIGABYTE;
          default -> GIGABYTE << 10;
        };
  }
}
