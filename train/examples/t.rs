//! t
use lookhear_train::{config::Config,learner::Learner,loader::Source};
use std::time::Instant;
fn main(){
 let mut c=Config::load(std::path::Path::new("/tmp/t1.toml")).unwrap(); c.seed=5;
 let s=Source::open(&c).unwrap();
 let b=s.batch(&c,1).unwrap();
 let t=Instant::now(); let _=s.batch(&c,1).unwrap(); println!("warm batch {:?}",t.elapsed());
 for (name,d) in [("flex",burn::tensor::Device::flex()),("tch",burn::tensor::Device::libtorch())]{
  for half in [1.0,0.0]{ let mut c=c.clone(); c.half_resolution=half;
  let mut l=Learner::new(c.clone(),d.clone()).unwrap();
  for _ in 0..2 {let b=s.batch(&c,1).unwrap(); l.step(b);}
  let t=Instant::now(); for _ in 0..4 {let b=s.batch(&c,1).unwrap(); l.step(b);} println!("{name} half {half}: {:?} per step",t.elapsed()/4);
 }}
 drop(b);
}
