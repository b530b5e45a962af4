// SPDX-License-Identifier: MIT
package io.pghello.examples.service.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import io.lettuce.core.RedisException;
import io.pghello.examples.service.Http;
import io.pghello.examples.service.Http.Answer;
import io.pghello.examples.service.ServiceTest;
import io.pghello.examples.service.StatementCounter;
import io.pghello.examples.web.OutageLog;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;

/** Tests the cache and the limits in Redis while Redis hangs, is killed, and restarts. */
@ServiceTest
@TestPropertySource(
    properties = {
      "greeting.cache=redis",
      "greeting.redis.pause=500ms",
      // Redis responds within this time even on a busy machine
      "greeting.redis.timeout=2s",
      "greeting.rate-limit.enabled=true",
      "greeting.rate-limit.store=redis",
      "greeting.rate-limit.delay=0s",
      "greeting.rate-limit.paths=/api/greeting/**",
      "server.forward-headers-strategy=native",
      "server.tomcat.remoteip.internal-proxies=127\\.0\\.0\\.1"
    })
@ExtendWith(OutputCaptureExtension.class)
@DirtiesContext // otherwise, the context would continue to look for its Redis server
class RedisIT {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static @Nullable RedisServer server;

  @LocalServerPort int port;
  @Autowired Redis redis;
  @Autowired StatementCounter statements;
  private Http http = new Http(0);

  @BeforeAll
  static void startRedis() throws Exception {
    server = new RedisServer().start();
  }

  @AfterAll
  static void endRedis() throws Exception {
    if (server != null) {
      server.close();
    }
  }

  private static RedisServer server() {
    return Objects.requireNonNull(server);
  }

  @DynamicPropertySource
  static void address(DynamicPropertyRegistry registry) {
    registry.add("greeting.redis.url", () -> server().url());
  }

  @BeforeEach
  void connect() {
    http = new Http(port);
    await().atMost(LONG).ignoreExceptions().until(() -> redis.call(c -> c.sync().ping()) != null);
  }

  private boolean isCached(String path) throws Exception {
    Answer answer = http.get(path);
    assertThat(answer.status()).as("%s", answer).isEqualTo(200);
    return answer.json().path("cached").asBoolean();
  }

  private Answer evict(String path) throws Exception {
    return http.send("DELETE", path, BodyPublishers.noBody(), "Authorization", ServiceTest.BEARER);
  }

  private long ttl(String key) {
    return redis.call(c -> c.sync().ttl(key));
  }

  private List<String> keys(String pattern) {
    return redis.call(c -> c.sync().keys(pattern)).stream().sorted().toList();
  }

  @Test
  void aGreetingIsKeptForFiveMinutes() throws Exception {
    assertThat(statements.count(() -> assertThat(isCached("/greeting/kept?repeat=2")).isFalse()))
        .isEqualTo(1);
    long before = System.currentTimeMillis();
    var answers = new ArrayList<Answer>();
    assertThat(statements.count(() -> answers.add(http.get("/greeting/kept?repeat=2")))).isZero();
    Answer answer = answers.get(0);
    assertThat(answer.json().path("cached").asBoolean()).isTrue();
    assertThat(answer.json().path("greeting").asString()).isEqualTo("Hello, kept! Hello, kept!");
    assertThat(answer.json().path("timestamp_ms").asLong()).isGreaterThanOrEqualTo(before);
    assertThat(keys("*kept*")).containsExactly("greeting:2:kept");
    assertThat(ttl("greeting:2:kept")).isBetween(1L, 300L);
  }

  @ParameterizedTest
  @ValueSource(strings = {"O'Brien", "1:kept", "Zoë \uD83D\uDE00", "a/b"})
  void anyNameIsKeptAsItIs(String name) throws Exception {
    String path = "/greeting/" + Http.encode(name);
    assertThat(isCached(path)).isFalse();
    assertThat(isCached(path)).isTrue();
    assertThat(http.get(path).json().path("greeting").asString()).isEqualTo("Hello, " + name + "!");
  }

  @Test
  void newConfiguredCountAppliesImmediately() throws Exception {
    isCached("/greeting/configured");
    for (int repeat : new int[] {2, 1}) {
      http.post(
          "/api/config/greeting",
          "{\"repeat\":" + repeat + "}",
          "Authorization",
          ServiceTest.BEARER);
      assertThat(http.get("/greeting/configured").json().path("greeting").asString())
          .isEqualTo("Hello, configured!" + " Hello, configured!".repeat(repeat - 1));
    }
  }

  @Test
  void evictsOneGreetingOrAllOfANameAndNoOthers() throws Exception {
    for (int repeat = 1; repeat <= 10; repeat++) {
      isCached("/greeting/gone*?repeat=" + repeat);
      isCached("/greeting/gone-not?repeat=" + repeat);
    }
    assertThat(evict("/greeting/gone*?repeat=3").status()).isEqualTo(204);
    assertThat(keys("greeting:*:gone\\*")).hasSize(9).doesNotContain("greeting:3:gone*");
    assertThat(isCached("/greeting/gone*?repeat=3")).isFalse();
    assertThat(evict("/greeting/gone*").status()).isEqualTo(204);
    assertThat(keys("greeting:*:gone\\*")).isEmpty();
    assertThat(keys("greeting:*:gone-not")).hasSize(10);
    // evict the greetings of an unknown name
    assertThat(evict("/greeting/gone*").status()).isEqualTo(204);
  }

  @Test
  void evictsOnlyForAdministrators() throws Exception {
    isCached("/greeting/guarded");
    Answer answer = http.send("DELETE", "/greeting/guarded?repeat=11", BodyPublishers.noBody());
    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.code()).isEqualTo("UNAUTHORIZED");
    assertThat(evict("/greeting/guarded?repeat=11").code()).isEqualTo("INVALID_INPUT");
    assertThat(evict("/greeting/" + "a".repeat(51)).code()).isEqualTo("INVALID_INPUT");
    assertThat(isCached("/greeting/guarded")).isTrue();
  }

  @Test
  void greetsWithoutARedisThatHangs() throws Exception {
    isCached("/greeting/hung");
    server().hang();
    try {
      assertGreetsWithoutRedis("/greeting/hung");
    } finally {
      server().resume();
    }
    awaitCached("/greeting/hung");
  }

  @Test
  void greetsWithoutARedisThatWasKilled() throws Exception {
    isCached("/greeting/killed");
    server().kill();
    try {
      assertGreetsWithoutRedis("/greeting/killed");
    } finally {
      server().start();
    }
    awaitCached("/greeting/killed");
  }

  private void assertGreetsWithoutRedis(String path) throws Exception {
    await()
        .atMost(LONG)
        .until(
            () -> {
              assertThat(isCached(path)).isFalse();
              return redis.state() == State.OPEN;
            });
    Answer answer = evict(path);
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.code()).isEqualTo("CACHE_UNAVAILABLE");
    assertThat(answer.header("Retry-After")).isEqualTo("5");
    assertThat(http.get("/health").status()).isEqualTo(200);
    assertThat(http.get("/actuator/health/readiness").status()).isEqualTo(200);
  }

  private void awaitCached(String path) {
    await().atMost(LONG).until(() -> isCached(path));
  }

  @Test
  void needsNoRedisAtTheStart() throws Exception {
    try (var later = new RedisServer();
        Redis impatient = redisOf(later)) {
      assertThatExceptionOfType(RedisException.class)
          .isThrownBy(() -> impatient.call(c -> c.sync().ping()));
      later.start();
      later.hang();
      assertThatExceptionOfType(RedisException.class)
          .isThrownBy(() -> impatient.call(c -> c.sync().ping()));
      later.resume();
      await()
          .atMost(LONG)
          .ignoreExceptions()
          .until(() -> impatient.call(c -> c.sync().ping()).equals("PONG"));
    }
  }

  /**
   * After an outage, one call tests whether Redis is available again. If it fails with an error,
   * later calls must test this again.
   */
  @Test
  void triesAgainAfterATrialThatEndedInAnError() throws Exception {
    try (var later = new RedisServer();
        Redis impatient = redisOf(later)) {
      await()
          .atMost(LONG)
          .until(
              () -> {
                assertThatExceptionOfType(RuntimeException.class)
                    .isThrownBy(() -> impatient.call(c -> c.sync().ping()));
                return impatient.state() == State.OPEN;
              });
      later.start();
      await()
          .atMost(LONG)
          .ignoreExceptions()
          .until(
              () -> {
                try {
                  return impatient.call(
                      c -> {
                        throw new LinkageError("of this test");
                      });
                } catch (LinkageError e) {
                  return true;
                }
              });
      await()
          .atMost(LONG)
          .ignoreExceptions()
          .until(() -> impatient.call(c -> c.sync().ping()).equals("PONG"));
    }
  }

  private static Redis redisOf(RedisServer other) {
    return new Redis(
        new RedisProperties(other.url(), null, Duration.ofMillis(250), Duration.ofMillis(50)),
        new OutageLog());
  }

  /** New connections always work. */
  @Test
  void answersAgainAfterASilentCut() throws Exception {
    try (var proxy = new SilentProxy(server().port());
        Redis cut =
            new Redis(
                new RedisProperties(
                    proxy.url(), null, Duration.ofSeconds(1), Duration.ofMillis(50)),
                new OutageLog())) {
      await().atMost(LONG).ignoreExceptions().until(() -> cut.call(c -> c.sync().ping()) != null);
      proxy.cut();
      assertThatExceptionOfType(RedisException.class)
          .isThrownBy(() -> cut.call(c -> c.sync().ping()));
      await().atMost(LONG).ignoreExceptions().until(() -> cut.call(c -> c.sync().ping()) != null);
    }
  }

  @Test
  void fullRedisDoesNotOpenTheCircuit() throws Exception {
    isCached("/greeting/known");
    redis.call(c -> c.sync().configSet("maxmemory", "1"));
    try {
      for (int i = 0; i < 20; i++) {
        assertThat(isCached("/greeting/full" + i)).isFalse();
      }
      assertThat(redis.state()).isEqualTo(State.CLOSED);
      assertThat(isCached("/greeting/known")).isTrue();
      assertThat(evict("/greeting/known").status()).isEqualTo(204);
    } finally {
      redis.call(c -> c.sync().configSet("maxmemory", "0"));
    }
  }

  static Stream<byte[]> foreignValues() {
    return Stream.of(
        new byte[0],
        utf8("somebody else's"),
        // contains the name once instead of twice
        utf8("Hello, foreign!"),
        new byte[] {'f', 'o', 'r', 'e', 'i', 'g', 'n', (byte) 0xff},
        utf8("Hello, foreign! Hello, foreign!" + " ".repeat(100_000)));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @MethodSource("foreignValues")
  void servesNothingThatIsNoGreetingOfTheName(byte[] value) throws Exception {
    redis.call(c -> c.sync().set("greeting:2:foreign", value));
    Answer answer = http.get("/greeting/foreign?repeat=2");
    assertThat(answer.json().path("cached").asBoolean()).isFalse();
    assertThat(answer.json().path("greeting").asString())
        .isEqualTo("Hello, foreign! Hello, foreign!");
    // from now on, the greeting from the database is cached
    assertThat(isCached("/greeting/foreign?repeat=2")).isTrue();
  }

  @Test
  void logsInWithThePassword(CapturedOutput output) throws Exception {
    try (var guarded = new RedisServer()) {
      guarded.start("--requirepass", "secret-of-this-test");
      try (Redis stranger = redisOf(guarded);
          Redis known =
              new Redis(
                  new RedisProperties(
                      guarded.url(), "secret-of-this-test\n", LONG, Duration.ofMillis(50)),
                  new OutageLog());
          Redis mistaken =
              new Redis(
                  new RedisProperties(guarded.url(), "another", LONG, Duration.ofMillis(50)),
                  new OutageLog())) {
        assertThatExceptionOfType(RedisException.class)
            .isThrownBy(() -> stranger.call(c -> c.sync().get("a")));
        for (int i = 0; i < 3; i++) {
          assertThatExceptionOfType(RedisException.class)
              .isThrownBy(() -> mistaken.call(c -> c.sync().get("a")));
        }
        assertThat(output.getAll()).containsOnlyOnce("REDIS_REFUSES: WRONGPASS");
        String pong = known.call(c -> c.sync().ping());
        assertThat(pong).isEqualTo("PONG");
      }
    }
  }

  @Test
  void aPasswordIsNotShown() {
    assertThat(new RedisProperties("redis://:secret@host", "secret", LONG, LONG).toString())
        .doesNotContain("secret");
  }

  private List<Integer> greet(String client, int times) {
    List<Integer> statuses = new ArrayList<>();
    for (int round = 0; round < times / 10; round++) {
      List<CompletableFuture<Answer>> requests =
          IntStream.range(0, 10)
              .mapToObj(i -> http.getAsync("/api/greeting/Ada", "X-Forwarded-For", client))
              .toList();
      requests.forEach(request -> statuses.add(request.join().status()));
    }
    return statuses;
  }

  private static void assertAHundredAllowed(List<Integer> statuses) {
    assertThat(statuses).containsOnly(200, 429);
    assertThat(statuses.stream().filter(status -> status == 200)).hasSize(100);
  }

  @Test
  void countsTheRequestsOfAClientInRedis() throws Exception {
    assertAHundredAllowed(greet("192.0.2.1", 150));
    assertThat(keys("greeting-limit:*")).contains("greeting-limit:192.0.2.1");
    assertThat(ttl("greeting-limit:192.0.2.1")).isBetween(1L, 1_800L);
    // the count was stored nowhere else
    redis.call(c -> c.sync().del("greeting-limit:192.0.2.1"));
    assertAHundredAllowed(greet("192.0.2.1", 150));
  }

  /** A client that can write to Redis must not be able to make the service fail. */
  @Test
  void aCountThatCannotBeReadIsNoFailureOfRedis() throws Exception {
    redis.call(c -> c.sync().set("greeting-limit:192.0.2.3", utf8("nonsense")));
    assertAHundredAllowed(greet("192.0.2.3", 150));
    assertThat(redis.state()).isEqualTo(State.CLOSED);
  }

  @Test
  void countsForItselfWhileRedisIsGone() throws Exception {
    server().kill();
    try {
      assertAHundredAllowed(greet("192.0.2.2", 150));
    } finally {
      server().start();
    }
    await().atMost(LONG).ignoreExceptions().until(() -> redis.call(c -> c.sync().ping()) != null);
    assertAHundredAllowed(greet("192.0.2.2", 150));
  }
}
