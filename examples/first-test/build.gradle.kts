// SPDX-License-Identifier: MIT
// region build
plugins {
  java
}

repositories {
  mavenLocal()
  mavenCentral()
}

dependencies {
  implementation(platform("io.github.pg-hello:pg-hello-bom:0.1.0-SNAPSHOT"))
  implementation("io.github.pg-hello:pg-hello-core")
  runtimeOnly("org.slf4j:slf4j-nop:2.0.20")
  testImplementation("io.github.pg-hello:pg-hello-testkit")
  testImplementation("org.junit.jupiter:junit-jupiter:6.1.3")
  testRuntimeOnly("org.junit.platform:junit-platform-launcher:6.1.3")
}

tasks.test { useJUnitPlatform() }
// endregion
