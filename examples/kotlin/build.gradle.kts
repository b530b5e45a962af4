// SPDX-License-Identifier: MIT
// The same project for Gradle. Uses the artifacts of ./dev install.

// region build
plugins {
  kotlin("jvm") version "2.4.10"
  kotlin("plugin.allopen") version "2.4.10"
  kotlin("plugin.jpa") version "2.4.10"
}

repositories {
  mavenLocal()
  mavenCentral()
}

dependencies {
  implementation(platform("io.github.pg-hello:pg-hello-bom:0.1.0-SNAPSHOT"))
  implementation("io.github.pg-hello:pg-hello-core")
  implementation("io.github.pg-hello:pg-hello-hibernate")
  implementation("org.hibernate.orm:hibernate-core:7.4.13.Final")
  implementation("org.jetbrains.kotlinx:kotlinx-coroutines-core-jvm:1.11.0")
  runtimeOnly("org.slf4j:slf4j-nop:2.0.20")
  testImplementation("io.github.pg-hello:pg-hello-testkit")
  testImplementation("org.assertj:assertj-core:3.27.7")
  testImplementation("org.jetbrains.kotlin:kotlin-reflect:2.4.10") // for suspend functions as tests
  testImplementation("org.junit.jupiter:junit-jupiter:6.1.3")
  testRuntimeOnly("org.junit.platform:junit-platform-launcher:6.1.3")
}

allOpen {
  annotation("jakarta.persistence.Entity")
  annotation("jakarta.persistence.MappedSuperclass")
  annotation("jakarta.persistence.Embeddable")
}

tasks.test { useJUnitPlatform() }
// endregion
