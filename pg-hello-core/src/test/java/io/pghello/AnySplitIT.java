// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.testkit.PgHelloTest;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Shows that each name gets its own answer, in the right place, regardless of the division into
 * statements.
 */
@Tag("slow")
@PgHelloTest
@Timeout(120)
class AnySplitIT {
  private static final int ROUNDS = 60;
  private static final int NAMES = 200;
  // characters with a special meaning in an array, in a format or in UTF-8
  private static final String[] PIECES = {
    "a",
    "Ada",
    " ",
    "\"",
    "\\",
    "{",
    "}",
    ",",
    "'",
    "$1",
    "%s",
    "NULL",
    "!",
    "Hello, ",
    "\n",
    "ë",
    "李",
    "\uD83D\uDC18",
    "\uFFFF",
    "e\u0301"
  };

  @Test
  void givesTheSameAnswersInTheSameOrder(DataSource dataSource) {
    var random = new Random(30);
    var config = new HikariConfig();
    config.setDataSource(dataSource);
    config.setMaximumPoolSize(4);
    try (var pool = new HikariDataSource(config)) {
      for (int round = 0; round < ROUNDS; round++) {
        List<String> names =
            IntStream.range(0, random.nextInt(NAMES)).mapToObj(i -> name(random)).toList();
        int repeat = 1 + random.nextInt(10);
        List<String> expected = names.stream().map(name -> greeting(name, repeat)).toList();
        int size = 1 + random.nextInt(NAMES / 2);
        int bytes = 1 + random.nextInt(3_000);
        try (PgHelloClient client =
            PgHelloClient.builder(repeat)
                .dataSource(pool)
                .maxBatchSize(size)
                .maxBatchBytes(bytes)
                .maxInFlightBatches(1 + random.nextInt(3))
                .build()) {
          String settings = "round " + round + ", batches of " + size + " and " + bytes + " bytes";
          assertThat(client.helloAll(names)).as(settings).isEqualTo(expected);
          assertThat(inParts(client, names, random)).as(settings).isEqualTo(expected);
          assertThat(oneByOne(client, names)).as(settings).isEqualTo(expected);
          assertThat(concurrently(client, names)).as(settings).isEqualTo(expected);
        }
      }
    }
  }

  private static String name(Random random) {
    return IntStream.range(0, random.nextInt(random.nextInt(20) == 0 ? 500 : 6))
        .mapToObj(i -> PIECES[random.nextInt(PIECES.length)])
        .collect(Collectors.joining());
  }

  private static String greeting(String name, int repeat) {
    String greeting = "Hello, " + name + "!";
    return greeting + (" " + greeting).repeat(repeat - 1);
  }

  private static List<String> inParts(PgHelloClient client, List<String> names, Random random) {
    var greetings = new ArrayList<String>();
    while (greetings.size() < names.size()) {
      int from = greetings.size();
      int to = from + 1 + random.nextInt(names.size() - from);
      greetings.addAll(client.helloAll(names.subList(from, to)));
    }
    return greetings;
  }

  private static List<String> oneByOne(PgHelloClient client, List<String> names) {
    var greetings = new ArrayList<String>();
    assertThat(client.helloEach(names.iterator(), greetings::add)).isEqualTo(names.size());
    return greetings;
  }

  private static List<String> concurrently(PgHelloClient client, List<String> names) {
    // region futures
    List<CompletableFuture<String>> futures = names.stream().map(client::helloAsync).toList();
    // endregion
    return futures.stream().map(FaultsIT::join).toList();
  }
}
