// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.cli.check.Advice.Machine;
import io.pghello.cli.check.Advice.Setting;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AdviceTest {
  private static final Machine MACHINE = new Machine(16L << 30, true);

  @Test
  void keepsGoodSettings() {
    assertThat(Advice.of(good(), MACHINE)).hasSize(12).noneMatch(Advice::isChange);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      nullValues = "-",
      value = {
        "shared_buffers; 16384; 8kB; ALTER SYSTEM SET shared_buffers = '4096MB'",
        "shared_buffers; 1572864; 8kB; ALTER SYSTEM SET shared_buffers = '4096MB'",
        "effective_cache_size; 131072; 8kB; ALTER SYSTEM SET effective_cache_size = '12288MB'",
        "work_mem; 64; kB; ALTER SYSTEM SET work_mem = '16MB'",
        "work_mem; 262144; kB; ALTER SYSTEM SET work_mem = '16MB'",
        "maintenance_work_mem; 1024; kB; ALTER SYSTEM SET maintenance_work_mem = '1024MB'",
        "max_connections; 2000; -; ALTER SYSTEM SET max_connections = '200'",
        "random_page_cost; 4; -; ALTER SYSTEM SET random_page_cost = '1.1'",
        "default_statistics_target; 10; -; ALTER SYSTEM SET default_statistics_target = '100'",
        "shared_preload_libraries; ''; -;"
            + " ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'",
        "shared_preload_libraries; 'pgaudit, \"auto explain\"'; -;"
            + " ALTER SYSTEM SET shared_preload_libraries = 'pgaudit', 'auto explain', 'pg_stat_statements'",
        "pg_hello.repeat; 3; -; ALTER SYSTEM SET pg_hello.repeat = '1'",
        "track_functions; pl; -; ALTER SYSTEM SET track_functions = 'all'",
        "log_line_prefix; '%m '' [%p] '; -; ALTER SYSTEM SET log_line_prefix = '%m '' [%p] %e '"
      })
  void changesBadSettings(String name, String value, @Nullable String unit, String sql) {
    Map<String, Setting> settings = good();
    settings.put(name, new Setting(value, unit));
    List<Advice> changes = Advice.of(settings, MACHINE).stream().filter(Advice::isChange).toList();
    assertThat(changes).extracting(Advice::setting).contains(name);
    assertThat(changes)
        .filteredOn(a -> a.setting().equals(name))
        .extracting(Advice::sql)
        .containsExactly(sql);
  }

  /** Without archive_command and archive_library, WAL would accumulate until the disk is full. */
  @ParameterizedTest
  @CsvSource({"off,(disabled)", "on,''"})
  void requiresArchiveCommand(String mode, String command) {
    Map<String, Setting> settings = good();
    settings.put("archive_mode", new Setting(mode, null));
    settings.put("archive_command", new Setting(command, null));
    assertThat(Advice.of(settings, MACHINE))
        .filteredOn(Advice::isChange)
        .singleElement()
        .satisfies(a -> assertThat(a.setting()).isEqualTo("archive_mode"))
        .satisfies(a -> assertThat(a.reason()).contains("set archive_command or"))
        .satisfies(a -> assertThat(a.sql()).isNull());
  }

  /** With a missing library, the server would not start. */
  @Test
  void doesNotSuggestMissingLibrary() {
    Map<String, Setting> settings = good();
    settings.put("shared_preload_libraries", new Setting("", null));
    settings.remove("pg_stat_statements");
    assertThat(Advice.of(settings, MACHINE)).hasSize(12).noneMatch(Advice::isChange);
  }

  @Test
  void considersDiskType() {
    Map<String, Setting> settings = good();
    settings.put("random_page_cost", new Setting("1.1", null));
    assertThat(Advice.of(settings, new Machine(16L << 30, false)))
        .filteredOn(Advice::isChange)
        .extracting(Advice::sql)
        .containsExactly("ALTER SYSTEM SET random_page_cost = '4'");
  }

  /** On any machine, its own recommendations lead to no further ones. */
  @ParameterizedTest
  @ValueSource(strings = {"512MB", "777MB", "1000MB", "1GB", "3GB", "64GB", "2TB"})
  void isIdempotent(String memory) {
    var machine = new Machine(Advice.bytes(memory), true);
    Map<String, Setting> settings = good();
    for (String size :
        List.of("shared_buffers", "effective_cache_size", "work_mem", "maintenance_work_mem")) {
      settings.put(size, new Setting("1", null));
    }
    for (Advice advice : Advice.of(settings, machine)) {
      String better = advice.better();
      if (better != null) {
        settings.put(
            advice.setting(),
            new Setting(better.replaceAll("[^0-9.]", ""), better.replaceAll("[0-9.]", "")));
      }
    }
    assertThat(Advice.of(settings, machine)).noneMatch(Advice::isChange);
  }

  @Test
  void reportsHiddenSettings() {
    assertThat(Advice.of(Map.of(), MACHINE))
        .hasSize(12)
        .noneMatch(Advice::isChange)
        .allSatisfy(a -> assertThat(a.reason()).containsAnyOf("pg_read_all_settings", "unknown"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0GB", "16", "16kB", "-1GB", "1.5GB", "9999999999GB", "GB"})
  void rejectsInvalidSizes(String size) {
    assertThatThrownBy(() -> Advice.bytes(size)).isInstanceOf(IllegalArgumentException.class);
  }

  private static Map<String, Setting> good() {
    return new HashMap<>(
        Map.ofEntries(
            Map.entry("shared_buffers", new Setting("524288", "8kB")),
            Map.entry("effective_cache_size", new Setting("1572864", "8kB")),
            Map.entry("work_mem", new Setting("16384", "kB")),
            Map.entry("maintenance_work_mem", new Setting("1048576", "kB")),
            Map.entry("max_connections", new Setting("100", null)),
            Map.entry("random_page_cost", new Setting("1.1", null)),
            Map.entry("default_statistics_target", new Setting("100", null)),
            Map.entry("shared_preload_libraries", new Setting("pg_stat_statements", null)),
            Map.entry("pg_hello.repeat", new Setting("1", null)),
            Map.entry("track_functions", new Setting("all", null)),
            Map.entry("archive_mode", new Setting("on", null)),
            Map.entry("archive_command", new Setting("cp %p /archive/%f", null)),
            Map.entry("archive_library", new Setting("", null)),
            Map.entry("pg_stat_statements", new Setting("1.11", null)),
            Map.entry("log_line_prefix", new Setting("%m [%p] %e ", null))));
  }
}
