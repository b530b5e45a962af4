// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.TimeZone;
import javax.sql.DataSource;
import org.hibernate.SessionFactory;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.annotations.TimeZoneStorage;
import org.hibernate.annotations.TimeZoneStorageType;
import org.hibernate.generator.EventType;
import org.hibernate.type.SqlTypes;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Times with an offset. */
@PgHelloTest
class TimesIT {
  /** Stored with each strategy. */
  @Entity(name = "Timed")
  static class Timed {
    @Id int id;
    int version;

    @NowMillis @Nullable OffsetDateTime prefetched;

    @NowMillis(strategy = ValueStrategy.RETURNING)
    @Nullable OffsetDateTime returned;

    @NowMillis
    @TimeZoneStorage(TimeZoneStorageType.NORMALIZE)
    @Nullable OffsetDateTime local;

    @NowMillis(strategy = ValueStrategy.RETURNING)
    @TimeZoneStorage(TimeZoneStorageType.NORMALIZE_UTC)
    @Nullable OffsetDateTime utc;

    @NowMillis
    @JdbcTypeCode(SqlTypes.TIMESTAMP)
    @Nullable OffsetDateTime plain;

    @NowMillis(
        event = {EventType.INSERT, EventType.UPDATE},
        overwrite = true)
    @Nullable OffsetDateTime changed;

    @NowMillis @Nullable OffsetDateTime set;
  }

  /** An entity with an IDENTITY identifier. */
  @Entity(name = "CountedTime")
  static class CountedTime {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    @Nullable Long id;

    @NowMillis @Nullable OffsetDateTime at;
  }

  @Test
  void fillsTimesWithAnOffset(DataSource dataSource, WireProxy proxy) {
    TimeZone before = TimeZone.getDefault();
    TimeZone.setDefault(TimeZone.getTimeZone("Asia/Kathmandu"));
    try (SessionFactory factory =
        Factories.open(dataSource, Map.of(), Timed.class, CountedTime.class)) {
      OffsetDateTime own = OffsetDateTime.of(2001, 2, 3, 4, 5, 6, 0, ZoneOffset.ofHours(-7));
      var timed = new Timed();
      timed.set = own;
      var counted = new CountedTime();
      factory.inTransaction(
          session -> {
            session.persist(timed);
            session.flush();
            ValuesIT.roundTrips(proxy, 0, session::flush);
            ValuesIT.roundTrips(proxy, 1, () -> session.persist(counted));
          });
      assertThat(timed.set).isEqualTo(own);
      OffsetDateTime prefetched = requireNonNull(timed.prefetched);
      assertThat(prefetched)
          .isCloseTo(OffsetDateTime.now(ZoneOffset.UTC), within(1, ChronoUnit.MINUTES))
          .isEqualTo(prefetched.truncatedTo(ChronoUnit.MILLIS));
      assertThat(prefetched.getOffset()).isEqualTo(ZoneOffset.UTC);
      Timed row = factory.fromTransaction(session -> session.find(Timed.class, 0));
      // AssertJ compares only the instants
      assertThat(row.prefetched).isEqualTo(prefetched);
      assertThat(row.local).isEqualTo(timed.local).isEqualTo(prefetched);
      assertThat(row.plain).isEqualTo(timed.plain).isEqualTo(prefetched);
      assertThat(row.set).isEqualTo(own);
      assertThat(row.returned).isEqualTo(timed.returned);
      assertThat(timed.returned).isCloseTo(prefetched, within(1, ChronoUnit.MINUTES));
      assertThat(row.utc).isEqualTo(timed.utc);
      assertThat(timed.utc).isCloseTo(prefetched, within(1, ChronoUnit.MINUTES));
      assertThat(counted.at).isCloseTo(prefetched, within(1, ChronoUnit.MINUTES));

      factory.inTransaction(session -> session.find(Timed.class, 0).version++);
      Timed changed = factory.fromTransaction(session -> session.find(Timed.class, 0));
      assertThat(changed.changed).isAfter(timed.changed);
      assertThat(changed.prefetched).isEqualTo(prefetched);
    } finally {
      TimeZone.setDefault(before);
    }
  }
}
