// SPDX-License-Identifier: MIT
package io.pghello.examples.service.greeting;

import io.pghello.PgHelloOperations;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.security.access.prepost.PreAuthorize;
import org.springframework.stereotype.Service;

/**
 * The operations of the service, used by both REST and GraphQL. Unless stated otherwise, each
 * operation executes one statement, or shares a statement with other calls. Callers must validate
 * names and repeat counts. Thread-safe.
 */
@Service
public class Greetings {
  /** Maximum number of names in a request. */
  public static final int MAX_NAMES = 1_000;

  private static final Duration HEALTH_TIMEOUT = Duration.ofSeconds(2);

  private final PgHelloOperations client;
  private final ConfiguredRepeat configured;
  private final GreetingCache cache;

  public Greetings(
      PgHelloOperations client, ConfiguredRepeat configured, ObjectProvider<GreetingCache> cache) {
    this.client = client;
    this.configured = configured;
    this.cache = cache.getIfAvailable(() -> GreetingCache.NONE);
  }

  /** A name and its greeting. */
  public record Greeting(String name, String greeting) {}

  /**
   * A greeting that may come from the cache.
   *
   * @param cached whether the greeting came from the cache
   */
  public record CachedGreeting(String greeting, boolean cached) {}

  /**
   * The versions of the server and the extension.
   *
   * @param postgresVersion the result of {@code SELECT version()}
   * @param extensionVersion the version of the extension, for example {@code 1.1}
   */
  public record SystemInfo(String postgresVersion, String extensionVersion) {}

  /**
   * Greets a name.
   *
   * @param repeat the number of greetings; null for the configured repeat count
   */
  public String greet(String name, @Nullable Integer repeat) {
    return client.hello(name, orConfigured(repeat));
  }

  /**
   * Returns a greeting from the cache, or else from the database.
   *
   * @param repeat the number of greetings; null for the configured repeat count
   */
  public CachedGreeting greetByCache(String name, @Nullable Integer repeat) {
    int count = orConfigured(repeat);
    String known = cache.get(name, count);
    if (known != null) {
      return new CachedGreeting(known, true);
    }
    String greeting = client.hello(name, count);
    cache.put(name, count, greeting);
    return new CachedGreeting(greeting, false);
  }

  /**
   * Evicts the greetings of a name from the cache. Executes no statement.
   *
   * @param repeat the repeat count to evict; null for all repeat counts
   */
  @PreAuthorize("hasRole('ADMIN')")
  public void evict(String name, @Nullable Integer repeat) {
    cache.evict(
        name, repeat != null ? List.of(repeat) : IntStream.rangeClosed(1, 10).boxed().toList());
  }

  /**
   * Greets many names. The greetings are in the order of the names.
   *
   * @param repeat the number of greetings; null for the configured repeat count
   */
  public List<Greeting> greetAll(List<String> names, @Nullable Integer repeat) {
    List<String> greetings = client.withRepeat(orConfigured(repeat)).helloAll(names);
    var answer = new ArrayList<Greeting>(names.size());
    for (int i = 0; i < names.size(); i++) {
      answer.add(new Greeting(names.get(i), greetings.get(i)));
    }
    return answer;
  }

  /** Returns the configured repeat count, which applies to requests that do not specify one. */
  public int configuredRepeat() {
    return configured.get();
  }

  /** Returns the current time of the database server's clock, in milliseconds since 1970. */
  public long databaseMillis() {
    return client.nowMillis();
  }

  /** Returns the versions. Executes three statements. */
  public SystemInfo systemInfo() {
    return new SystemInfo(client.spiVersion(), client.info().extensionVersion());
  }

  /**
   * Changes the configured repeat count for all instances of the service. Executes four statements.
   *
   * @return a greeting with the new repeat count
   */
  @PreAuthorize("hasRole('ADMIN')")
  public String changeRepeat(int repeat) {
    String greeting = client.hello("Config", repeat);
    configured.change(repeat);
    return greeting;
  }

  /**
   * Checks that greetings are available. If they are not, throws the same exceptions as other
   * calls.
   */
  public void check() {
    client.withTimeout(HEALTH_TIMEOUT).hello("health");
  }

  private int orConfigured(@Nullable Integer repeat) {
    return repeat != null ? repeat : configured.get();
  }
}
