// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloClient;
import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.UnexpectedRollbackException;
import org.springframework.transaction.support.TransactionTemplate;

@PgHelloTest
class TransactionsIT {
  private static final String ONCE = "Hello, Ada!";
  private static final String TWICE = "Hello, Ada! Hello, Ada!";

  @Test
  void manyTransactionsOnASmallPoolAllSucceed(TestDatabase database) {
    int transactions = 24;
    Contexts.jdbc(database)
        .run(
            context -> {
              PgHelloClient client = context.getBean(PgHelloClient.class);
              TransactionTemplate transaction = transaction(context);
              ExecutorService threads = Executors.newFixedThreadPool(transactions);
              try {
                // the first three transactions hold all connections before any of them greets
                var begun = new CountDownLatch(3);
                List<Future<@Nullable String>> greetings = new ArrayList<>();
                for (int i = 0; i < transactions; i++) {
                  String name = "u" + i;
                  greetings.add(
                      threads.submit(
                          () ->
                              transaction.execute(
                                  status -> {
                                    begun.countDown();
                                    await(begun);
                                    return client.hello(name) + client.helloAsync(name).join();
                                  })));
                }
                for (int i = 0; i < transactions; i++) {
                  assertThat(greetings.get(i).get(60, TimeUnit.SECONDS))
                      .isEqualTo("Hello, u" + i + "!Hello, u" + i + "!");
                }
              } finally {
                threads.shutdownNow();
              }
            });
  }

  @Test
  void callsSeeTheSettingsOfTheirTransaction(TestDatabase database) {
    inContext(
        database,
        context -> {
          PgHelloClient client = context.getBean(PgHelloClient.class);
          transaction(context)
              .executeWithoutResult(
                  status -> {
                    setLocal(context, 2);
                    assertThat(client.hello("Ada")).isEqualTo(TWICE);
                    assertThat(client.helloAsync("Ada").join()).isEqualTo(TWICE);
                    assertThat(client.helloAll(List.of("Ada", "Ada"))).containsOnly(TWICE);
                    assertThat(client.helloAllAsync(List.of("Ada")).join()).containsOnly(TWICE);
                    assertThat(client.info().defaultRepeat()).isEqualTo(2);
                  });
          assertThat(client.hello("Ada")).isEqualTo(ONCE);
        });
  }

  @Test
  void otherThreadsDoNotUseTheTransaction(TestDatabase database) {
    inContext(
        database,
        context -> {
          PgHelloClient client = context.getBean(PgHelloClient.class);
          transaction(context)
              .executeWithoutResult(
                  status -> {
                    setLocal(context, 2);
                    assertThat(CompletableFuture.supplyAsync(() -> client.hello("Ada")).join())
                        .isEqualTo(ONCE);
                  });
        });
  }

  @Test
  void aSuspendedTransactionIsNotUsed(TestDatabase database) {
    inContext(
        database,
        context -> {
          PgHelloClient client = context.getBean(PgHelloClient.class);
          transaction(context)
              .executeWithoutResult(
                  status -> {
                    setLocal(context, 2);
                    transaction(context, TransactionDefinition.PROPAGATION_REQUIRES_NEW)
                        .executeWithoutResult(
                            inner -> {
                              assertThat(client.hello("Ada")).isEqualTo(ONCE);
                              setLocal(context, 3);
                              assertThat(client.hello("Ada")).isEqualTo(TWICE + " " + ONCE);
                            });
                    transaction(context, TransactionDefinition.PROPAGATION_NOT_SUPPORTED)
                        .executeWithoutResult(
                            inner -> assertThat(client.hello("Ada")).isEqualTo(ONCE));
                    assertThat(client.hello("Ada")).isEqualTo(TWICE);
                  });
        });
  }

  @Test
  void worksInAReadOnlyTransaction(TestDatabase database) {
    inContext(
        database,
        context -> {
          TransactionTemplate readOnly = transaction(context);
          readOnly.setReadOnly(true);
          PgHelloClient client = context.getBean(PgHelloClient.class);
          assertThat(readOnly.<@Nullable String>execute(status -> client.hello("Ada")))
              .isEqualTo(ONCE);
        });
  }

  @Test
  void leavesARollbackToTheApplication(TestDatabase database) {
    inContext(
        database,
        context -> {
          PgHelloClient client = context.getBean(PgHelloClient.class);
          var jdbc = new JdbcTemplate(context.getBean(DataSource.class));
          jdbc.execute("CREATE TABLE note (text text)");
          TransactionTemplate transaction = transaction(context);
          assertThatThrownBy(
                  () ->
                      transaction.executeWithoutResult(
                          outer -> {
                            jdbc.update("INSERT INTO note VALUES (?)", client.hello("Ada"));
                            transaction.executeWithoutResult(
                                inner -> {
                                  inner.setRollbackOnly();
                                  assertThat(client.hello("Ada")).isEqualTo(ONCE);
                                });
                          }))
              .isInstanceOf(UnexpectedRollbackException.class);
          assertThat(jdbc.queryForObject("SELECT count(*) FROM note", Long.class)).isZero();
          assertThat(client.hello("Ada")).isEqualTo(ONCE);
        });
  }

  @Test
  void anInvalidNameDoesNotAffectTheTransaction(TestDatabase database) {
    inContext(
        database,
        context -> {
          PgHelloClient client = context.getBean(PgHelloClient.class);
          transaction(context)
              .executeWithoutResult(
                  status -> {
                    assertThatThrownBy(() -> client.hello("a\0b"))
                        .isInstanceOfSatisfying(
                            FunctionCallException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.INVALID_ARGUMENT));
                    assertThat(client.hello("Ada")).isEqualTo(ONCE);
                  });
        });
  }

  @Test
  void aTransactionOnAnotherDataSourceDoesNotMatter(TestDatabase database) {
    Contexts.jdbc(database)
        .withUserConfiguration(SecondManager.class)
        .run(
            context -> {
              PgHelloClient client = context.getBean(PgHelloClient.class);
              var pool = context.getBean(HikariDataSource.class);
              new TransactionTemplate(context.getBean("second", PlatformTransactionManager.class))
                  .executeWithoutResult(
                      status -> {
                        assertThat(client.hello("Ada")).isEqualTo(ONCE);
                        // the connection is not kept for the rest of the transaction
                        assertThat(pool.getHikariPoolMXBean().getActiveConnections()).isZero();
                        setLocal(context.getBean("secondData", DataSource.class), 2);
                        assertThat(client.hello("Ada")).isEqualTo(ONCE);
                      });
            });
  }

  @Test
  void aTransactionAwareProxyIsTheSameDataSource(TestDatabase database) {
    Contexts.on(database)
        .withUserConfiguration(Contexts.Jdbc.class, Proxied.class)
        .run(
            context -> {
              PgHelloClient client = context.getBean(PgHelloClient.class);
              transaction(context)
                  .executeWithoutResult(
                      status -> {
                        setLocal(context, 2);
                        assertThat(client.hello("Ada")).isEqualTo(TWICE);
                      });
            });
  }

  @Test
  void aCallThatWaitsBehindALazyProxyEndsInTime(TestDatabase database) {
    Contexts.on(database)
        .withPropertyValues("pg-hello.call-timeout=1s", "pg-hello.preflight=off")
        .withUserConfiguration(Contexts.Jdbc.class, Lazy.class)
        .run(
            context -> {
              PgHelloClient client = context.getBean(PgHelloClient.class);
              HikariDataSource pool = context.getBean(Lazy.class).pool;
              assertThat(client.hello("Ada")).isEqualTo(ONCE);
              try (Connection held = pool.getConnection()) {
                assertThat(held.isValid(10)).isTrue();
                assertThatThrownBy(() -> client.hello("Ada"))
                    .isInstanceOfSatisfying(
                        FunctionCallException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.CONNECTION_UNAVAILABLE));
              }
              assertThat(client.hello("Ada")).isEqualTo(ONCE);
              assertThat(pool.getHikariPoolMXBean().getActiveConnections()).isZero();
            });
  }

  @Test
  void callsOutsideOfTransactionsShareStatements(TestDatabase database) {
    Contexts.jdbc(database)
        .withPropertyValues("pg-hello.preflight=off")
        .withUserConfiguration(BatchSizes.class)
        .run(
            context -> {
              PgHelloClient client = context.getBean(PgHelloClient.class);
              BatchSizes sizes = context.getBean(BatchSizes.class);
              List<CompletableFuture<String>> greetings = new ArrayList<>();
              for (int i = 0; i < 200; i++) {
                greetings.add(client.helloAsync("u" + i));
              }
              for (int i = 0; i < 200; i++) {
                assertThat(greetings.get(i).get(60, TimeUnit.SECONDS))
                    .isEqualTo("Hello, u" + i + "!");
              }
              assertThat(sizes.statements).hasSizeLessThan(200);
              assertThat(sizes.statements.stream().mapToInt(Integer::intValue).sum())
                  .isEqualTo(200);
            });
  }

  private static void inContext(TestDatabase database, Consumer<ApplicationContext> test) {
    Contexts.jdbc(database).run(context -> test.accept(context));
  }

  private static TransactionTemplate transaction(ApplicationContext context) {
    return transaction(context, TransactionDefinition.PROPAGATION_REQUIRED);
  }

  private static TransactionTemplate transaction(ApplicationContext context, int propagation) {
    var template = new TransactionTemplate(context.getBean(PlatformTransactionManager.class));
    template.setPropagationBehavior(propagation);
    return template;
  }

  private static void setLocal(ApplicationContext context, int repeat) {
    setLocal(context.getBean(DataSource.class), repeat);
  }

  private static void setLocal(DataSource dataSource, int repeat) {
    var jdbc = new JdbcTemplate(dataSource);
    // the setting exists only after the library is loaded
    jdbc.queryForObject("SELECT pg_hello('')", String.class);
    jdbc.execute("SET LOCAL pg_hello.repeat = " + repeat);
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class SecondManager {
    @Bean(defaultCandidate = false)
    DataSource secondData(HikariDataSource first) {
      return AutoConfigurationIT.TwoDataSources.pool(first.getJdbcUrl());
    }

    @Bean(defaultCandidate = false)
    PlatformTransactionManager second(@Qualifier("secondData") DataSource second) {
      return new DataSourceTransactionManager(second);
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class Lazy {
    final HikariDataSource pool = new HikariDataSource();

    @Bean
    DataSource lazy(@Value("${spring.datasource.url}") String url) {
      pool.setJdbcUrl(url);
      pool.setMaximumPoolSize(1);
      pool.setConnectionTimeout(300_000);
      return new LazyConnectionDataSourceProxy(pool);
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class Proxied {
    @Bean
    DataSource proxied(@Value("${spring.datasource.url}") String url) {
      return new TransactionAwareDataSourceProxy(AutoConfigurationIT.TwoDataSources.pool(url));
    }

    @Bean
    PlatformTransactionManager manager(DataSource dataSource) {
      return new JdbcTransactionManager(dataSource);
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class BatchSizes implements CallListener {
    final List<Integer> statements = Collections.synchronizedList(new ArrayList<>());

    @Override
    public void statementEnded(StatementEnded event) {
      statements.add(event.calls());
    }
  }
}
