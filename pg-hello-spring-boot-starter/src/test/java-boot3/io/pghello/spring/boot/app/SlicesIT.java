// SPDX-License-Identifier: MIT
package io.pghello.spring.boot.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.PgHelloClient;
import io.pghello.jooq.PgHello;
import io.pghello.testkit.spring.AutoConfigurePgHello;
import org.jooq.DSLContext;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.autoconfigure.jdbc.JdbcTest;
import org.springframework.boot.test.autoconfigure.orm.jpa.DataJpaTest;
import org.springframework.boot.test.autoconfigure.jooq.JooqTest;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.JdbcTemplate;

/** Test slices: parts of an application that Spring Boot 3 tests separately. */
class SlicesIT {
  @JdbcTest
  @AutoConfigurePgHello
  @Nested
  class Jdbc {
    @Autowired ApplicationContext context;
    @Autowired PgHelloClient client;
    @Autowired JdbcTemplate jdbc;

    @Test
    void greetsInTheTransactionOfTheTest() {
      jdbc.queryForObject("SELECT pg_hello('')", String.class);
      jdbc.execute("SET LOCAL pg_hello.repeat = 2");
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada! Hello, Ada!");
    }

    /** A slice may use another database, so the extension is not checked at startup. */
    @Test
    void doesNotRunThePreflight() {
      assertThat(context.containsBean("pgHelloPreflightCheck")).isFalse();
    }
  }

  @DataJpaTest(properties = "spring.jpa.hibernate.ddl-auto=create")
  @AutoConfigurePgHello
  @Nested
  class Jpa {
    @Autowired PgHelloClient client;
    @Autowired People people;

    @Test
    void greets() {
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
      assertThat(people.saveAndFlush(new Person("Ada")).greeting).isEqualTo("Hello, Ada!");
    }
  }

  @JooqTest
  @AutoConfigurePgHello
  @Nested
  class Jooq {
    @Autowired PgHelloClient client;
    @Autowired DSLContext jooq;

    @Test
    void greets() {
      assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
      assertThat(jooq.select(PgHello.pgHello("Ada")).fetchSingle().value1())
          .isEqualTo("Hello, Ada!");
    }
  }
}
